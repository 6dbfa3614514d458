//! A look at a cluster before anything is written to it: whether it answers, what we may do there,
//! whether what a run needs is there, and whether what it would add first would be let in. It asks
//! and never writes; what it finds is told at once, each with what to do. What scenarios configure
//! by themselves names other people's objects (`references`), for which `configured` asks.
//!
//! `look` asks, `facts` is what came back (read by `parse`), `judge` says what that means, and
//! `report` shows it, with `role` for the rights that are missing.

mod ask;
mod configured;
mod facts;
mod finding;
mod judge;
mod look;
mod own_kinds;
mod parse;
mod pod_security;
mod references;
mod report;
mod reviews;
mod role;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use finding::{Finding, State};
pub use look::preflight;
pub use report::Preflight;
