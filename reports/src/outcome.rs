//! How a step, a scenario or a claim ended. Its JSON form is part of the events'.

use serde::{Deserialize, Serialize};

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// An expectation was violated.
    Failed,
    /// The evidence did not suffice in the time given.
    Inconclusive,
    /// It would have passed without its fault: it shows nothing.
    Vacuous,
    /// The feature says something that cannot be meant.
    Wrong,
    /// The runner or its target failed.
    Broken,
    /// Something could not be put back.
    LeftBehind,
    /// Everything is put back, but it is not proven that every proxy knows it.
    Unproven,
    /// It was not run, because something before it failed or the run was interrupted.
    Skipped,
}
