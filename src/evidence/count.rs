//! What evidence counts for, for each observer of a claim.

mod both_sides;
mod bytes;
mod claim;
mod client;
mod judgement;
mod observers;
mod proxies;

pub(crate) use judgement::ClaimVerdict;
