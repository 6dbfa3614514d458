//! What may be decided about a claim. Pure.

/// How far the evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The claim holds.
    Met,
    /// The claim does not hold.
    Violated,
    /// The evidence does not suffice, or contradicts itself.
    Undecided,
}
