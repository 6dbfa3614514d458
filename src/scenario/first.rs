//! How much is told of many things of one kind.

/// More that is wrong or doubtful with one change is not told one by one.
const TOLD_MAX: usize = 20;

/// The first of them, and how many more there are: a generated object may have thousands.
pub(super) fn first(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        all.truncate(TOLD_MAX);
        all.push(format!("and {more} more"));
    }
    all
}
