//! An image of this very program.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    /// The archive to write; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Its name [default: localhost/faultless with this version as its tag]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}
