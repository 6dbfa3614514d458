//! What is wrong with a feature file, as it is told.

use std::path::Path;

use faultless::error::Error;
use gherkin_parser::Place;

/// More mistakes than these are not told one by one.
const TOLD_MAX: usize = 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mistake {
    /// Where.
    pub place: Place,
    /// What.
    pub cause: String,
}

/// All that is wrong with a file as one error, by line.
pub(super) fn refused(file: &Path, mut mistakes: Vec<Mistake>) -> Error {
    mistakes.sort();
    mistakes.dedup();
    let more = mistakes.len().saturating_sub(TOLD_MAX);
    mistakes.truncate(TOLD_MAX);
    let at = |Mistake { place, .. }: &Mistake| {
        format!("{}:{}:{}", file.display(), place.line, place.column)
    };
    if let [only] = &mistakes[..] {
        return Error::feature(format!("parsing {}", at(only)), &only.cause);
    }
    let each = mistakes.iter().map(|mistake| format!("\n  {}: {}", at(mistake), mistake.cause));
    let rest = (more > 0).then(|| format!("\n  and {more} more"));
    let each: String = each.chain(rest).collect();
    let cause = format!("{} problems{each}", mistakes.len() + more);
    Error::feature(format!("parsing {}", file.display()), cause)
}
