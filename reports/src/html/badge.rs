//! An outcome, for those who see its colour and for those who do not.

use std::fmt::{self, Display};

use crate::outcome::Outcome;
use crate::wording;

/// An outcome as a badge: coloured, and in words for those who do not see the colour.
pub(super) struct Badge(pub(super) Outcome);

/// The style sheet's class for it.
pub(super) const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Inconclusive | Outcome::Vacuous | Outcome::Unproven => "unsure",
        Outcome::Failed | Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind => "bad",
        Outcome::Skipped => "skipped",
    }
}

// === impl Badge ===

impl Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<span class=\"badge {}\">{}</span>", class(self.0), wording::outcome(self.0))
    }
}
