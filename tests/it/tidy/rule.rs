//! What a rule is: of one file, or of all files together.

use super::source::Source;

/// One thing every file must keep.
pub(super) struct Rule {
    /// Its name in failures.
    pub(super) name: &'static str,
    /// Why it is a rule.
    pub(super) why: &'static str,
    /// Finds what breaks it.
    pub(super) check: fn(&Source) -> Vec<Finding>,
    /// Files (path and text) that break it.
    pub(super) bad: &'static [(&'static str, &'static str)],
    /// Files that look alike and keep it.
    pub(super) good: &'static [(&'static str, &'static str)],
}

/// Where a rule is broken (line from 1) and how.
pub(super) type Finding = (usize, String);

/// One thing all files together must keep.
pub(super) struct HouseRule {
    /// Its name in failures.
    pub(super) name: &'static str,
    /// Why it is a rule.
    pub(super) why: &'static str,
    /// Finds what breaks it.
    pub(super) check: fn(&[Source]) -> Vec<Breaker>,
    /// Modules that break it today, in groups. Whoever mends one takes it off; none is added.
    pub(super) known: &'static [&'static [&'static str]],
    /// Files (path and text) of which at least one breaks it.
    pub(super) bad: &'static [&'static [(&'static str, &'static str)]],
    /// Files that look alike and keep it.
    pub(super) good: &'static [&'static [(&'static str, &'static str)]],
}

/// The module that breaks a rule (see `Source::home`), and where and how.
pub(super) type Breaker = (String, String);

/// What is wrong with lines, one by one.
pub(super) fn each_line(lines: &[String], check: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let numbered = lines.iter().enumerate();
    numbered.filter_map(|(at, line)| Some((at + 1, check(line)?))).collect()
}
