//! What was counted for a claim, and what follows for it. Pure.

use crate::verdict::{Counts, Decision};

/// One observer's verdict.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClaimVerdict {
    /// Who looked.
    pub who: String,
    /// How far the evidence goes.
    pub decision: Decision,
    /// The numbers behind it.
    pub numbers: String,
    /// How many trials there were, and how many are likely to be needed: for planning load.
    pub trials: (u64, u64),
}

/// What one observer saw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    /// Who looked.
    pub(crate) who: String,
    /// What was counted.
    pub(crate) counts: Counts,
    /// Why that is not all there is to know; then it decides only what nothing more could change.
    pub(crate) short: Option<String>,
}
