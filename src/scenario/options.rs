//! What a run is asked for besides its features: how sure to be, how patient, and whether to
//! withhold every change.

use crate::units::Span;
use crate::verdict::Confidence;

/// How a run was meant.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// One minus the rate at which a verdict may be wrong.
    pub confidence: Confidence,
    /// How long a claim may ask for more load before it stays undecided.
    pub max_load_time: Span,
    /// Withhold every change: what passes nevertheless shows nothing.
    pub placebo: bool,
}

/// How sure and how patient a run is going to be: what `check` needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// As `Options::confidence`.
    pub confidence: Confidence,
    /// As `Options::max_load_time`.
    pub max_load_time: Span,
}
