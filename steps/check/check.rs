//! `faultless check`.

use std::sync::Arc;

use faultless::error::{ExitCode, Result};
use faultless::scenario::Patience;

use super::dry_run::{Checked, dry_run};
use super::problem::{Problem, refusal};
use crate::cli::CheckArgs;
use crate::console;
use crate::features::Suite;

/// Checks features; says how many scenarios make sense, or what is wrong.
pub(crate) async fn check(args: &CheckArgs) -> Result<ExitCode> {
    let suite = Suite::read(&args.features)?;
    let application = Arc::new(suite.application.clone());
    let patience = Patience { confidence: args.confidence, max_load_time: args.max_load_time };
    let checked = dry_run(&suite.features, &application, patience).await;
    let Checked { mut problems, mut warnings, unsupported, .. } = checked;
    warnings.extend(unsupported);
    warnings.extend(Problem::doubted(&suite.doubts));
    warnings.sort();
    if args.strict {
        problems.append(&mut warnings);
        problems.sort();
    }
    for warning in &warnings {
        console::note(&warning.to_string());
    }
    if problems.is_empty() {
        let count = u64::from(suite.scenarios());
        let make = if count == 1 { "makes" } else { "make" };
        console::line(&format!("{} {make} sense", reports::wording::counted(count, "scenario")));
        return Ok(ExitCode::Passed);
    }
    Err(refusal(&problems))
}

#[cfg(test)]
mod tests;
