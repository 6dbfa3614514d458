//! How the output is shown, and its colours.

use crate::outcome::Outcome;
use crate::{text, wording};

/// How the output is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns; live lines are cut to it. Plain lines are never cut.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: bool,
    /// Whether it is a terminal on which lines can be drawn again.
    pub live: bool,
    /// Whether everything is told: each step, change, proof and claim.
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Green,
    Red,
    Yellow,
    Dim,
    Bold,
}

// === impl Look ===

impl Look {
    /// The text in a colour, if there are any.
    pub(super) fn paint(self, colour: Colour, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Green => "32",
            Colour::Red => "31",
            Colour::Yellow => "33",
            Colour::Dim => "2",
            Colour::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// An outcome in words.
    pub(super) fn outcome(self, outcome: Outcome) -> String {
        let colour = match outcome {
            Outcome::Passed => Colour::Green,
            Outcome::Inconclusive | Outcome::Vacuous | Outcome::Unproven => Colour::Yellow,
            Outcome::Failed | Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind => Colour::Red,
            Outcome::Skipped => Colour::Dim,
        };
        self.paint(colour, wording::outcome(outcome))
    }

    /// What is put back, but not proven to be known by every proxy.
    pub(super) fn unproven(self, what: &str) -> String {
        self.paint(Colour::Yellow, &format!("put back, not yet proven: {}", text::line(what)))
    }

    /// What is in the mesh and ours, so that nobody overlooks it.
    pub(super) fn left_behind(self, what: &str) -> String {
        self.paint(Colour::Red, &format!("LEFT BEHIND: {}", text::line(what)))
    }
}
