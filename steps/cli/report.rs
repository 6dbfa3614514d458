//! Recorded runs shown again.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The record of a run, or the folder with its `events.jsonl`; of several that shared a suite
    /// (`run --shard`), all.
    #[arg(value_name = "PATH", default_value = "faultless-out")]
    pub records: Vec<PathBuf>,
    /// Where `junit.xml`, `report.html` and `messages.ndjson` go [default: beside the record, if it
    /// is one]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show each step, change, proof and claim, also of scenarios that passed.
    #[arg(long, short)]
    pub verbose: bool,
}
