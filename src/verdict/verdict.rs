//! A verdict: what was decided, of what, and how sure. Pure.

use crate::verdict::bound::Bound;
use crate::verdict::confidence_sequence::{Confidence, Interval};
use crate::verdict::counts::Counts;
use crate::verdict::decision::Decision;

/// A decision with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// How far the evidence goes.
    pub decision: Decision,
    /// The claim.
    pub bound: Bound,
    /// The evidence.
    pub counts: Counts,
    /// Where the true share lies, at `confidence`: its lower end comes from the certain hits, its
    /// upper end from the possible ones.
    pub interval: Interval,
    /// How sure the interval is, whenever it is looked at.
    pub confidence: Confidence,
    /// How many trials counted as one, because they come in bursts: 1 if they are independent.
    pub design_effect: f64,
}
