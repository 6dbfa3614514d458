//! What is changed, and everything that undoes it: the applier, which alone writes, the journal
//! that knows before it does, the switches and watchdogs that act when the runner cannot, and the
//! proof at the end. Knows neither load nor telemetry: what is seen is somebody else's business.

pub mod applier;
mod baseline;
mod blast_radius;
mod clock;
mod compare;
pub(crate) mod deadman;
mod digest;
mod in_flight;
pub mod journal;
pub mod keep_alive;
pub mod labels;
mod lease;
mod leftovers;
mod lost;
mod overlay;
mod patch;
#[cfg(test)]
mod recorded;
pub mod recover;
mod restore;
mod rewrite;
pub mod session;
mod settings;
mod settle;
pub mod sweep;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod undo;
pub mod watchdog;
mod waves;

pub use applier::Applier;
pub(crate) use baseline::Baseline;
pub(crate) use blast_radius::{BlastRadius, namespaces};
pub(crate) use compare::same;
pub(crate) use journal::{Entry, Scope, Undo};
pub use keep_alive::kept;
pub(crate) use leftovers::leftovers;
pub use lost::Lost;
pub use restore::Restored;
pub(crate) use rewrite::Applied;
pub use session::{Protection, Session};
pub(crate) use waves::WAVES;
