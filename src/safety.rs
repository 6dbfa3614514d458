//! What is changed, and everything that undoes it: the one hand that writes, the journal that knows
//! before it does, the switches and healers that act when the runner cannot, and the proof at the
//! end. Knows neither load nor telemetry: what is seen is somebody else's business.

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

pub use applier::Changes;
pub(crate) use baseline::Slate;
pub(crate) use blast_radius::Ground;
pub(crate) use compare::same;
pub(crate) use journal::{Entry, Scope, Undo};
pub use keep_alive::kept;
pub(crate) use leftovers::stains;
pub use lost::Lost;
pub use restore::Restored;
pub(crate) use rewrite::Written;
pub use session::{Guard, Protection};
pub(crate) use waves::WAVES;
