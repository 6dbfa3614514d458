//! How many of how many, as far as that is certain. Pure.

/// What was counted. `certain` and `possible` are the same where each trial is known to be a hit or
/// not; they differ where a histogram bucket straddles the limit that makes a trial a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Trials known to be hits.
    pub certain: u64,
    /// Trials that may be hits, the certain ones included.
    pub possible: u64,
    /// All trials.
    pub trials: u64,
}

// === impl Counts ===

impl Counts {
    /// Counts in which every trial is known to be a hit or not.
    #[must_use]
    pub const fn exact(hits: u64, trials: u64) -> Self {
        Self { certain: hits, possible: hits, trials }
    }

    /// These and those, taken together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            certain: self.certain.saturating_add(other.certain),
            possible: self.possible.saturating_add(other.possible),
            trials: self.trials.saturating_add(other.trials),
        }
    }

    /// Whether the counts can be: certain ≤ possible ≤ trials. They cannot when two sources were
    /// read at different times; then nothing is decided.
    #[must_use]
    pub const fn is_consistent(self) -> bool {
        self.certain <= self.possible && self.possible <= self.trials
    }
}
