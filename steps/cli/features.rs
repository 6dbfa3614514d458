//! Which features, and what is done with them without a mesh.

use std::path::PathBuf;

use clap::Args;
use faultless::units::Span;
use faultless::verdict::Confidence;

use crate::shard::Shard;

#[derive(Debug, Args)]
pub(crate) struct FeatureArgs {
    /// Feature files or folders of them; `FILE:LINE` picks what lies there: a scenario, a row of
    /// its examples, a rule.
    #[arg(value_name = "PATH", default_value = "features")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios whose tags fit, e.g. `@fault and not @slow`.
    #[arg(long, value_name = "EXPRESSION")]
    pub tags: Option<String>,
    /// Only the I-th of N parts of the suite, for one of N machines; `job/N` is the part of this
    /// pod of an Indexed Job (the variable `JOB_COMPLETION_INDEX`).
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// The application's description [default: `application.yaml` beside the features]
    #[arg(long, value_name = "FILE")]
    pub application: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub features: FeatureArgs,
    /// How sure the run's verdicts must be.
    #[arg(long, value_name = "PERCENT", default_value = "99.9%")]
    pub confidence: Confidence,
    /// How long a claim of the run may ask for more load.
    #[arg(long, value_name = "TIME", default_value = "2m")]
    pub max_load_time: Span,
    /// Take warnings for mistakes: what may not do what was meant is refused.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StepsArgs {
    /// As the page in `docs/`.
    #[arg(long)]
    pub markdown: bool,
    /// As JSON for editors: Cucumber expressions, and what the words in braces match.
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// As step definitions in JavaScript, for Cucumber's language server (`cucumber.glue`).
    #[arg(long, conflicts_with_all = ["markdown", "json"])]
    pub glue: bool,
}
