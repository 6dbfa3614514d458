//! What is seen: claims, load that is driven through agents, proxies that are read, ledgers that
//! are brought together, and what all of that counts for. Knows no sentence and no report: what it
//! learns it answers, and how a load stands it says to whoever listens.

mod agents;
mod chunk;
pub mod claim;
pub mod client_load;
mod count;
mod doubt;
mod filters;
pub mod fit;
mod gather;
mod piece;
pub mod prometheus;
mod proof;
mod reconcile;
pub mod room;
mod scrape;
mod setup;
mod source;
mod watched;
pub(crate) mod witness;

pub use agents::{Agents, Handles};
pub(crate) use chunk::{first_chunk, next_chunk};
pub(crate) use claim::{Claim, Expectation, Observer, Property, Unit};
pub(crate) use client_load::{Load, Sent};
pub(crate) use count::ClaimVerdict;
pub(crate) use fit::{Fit, Step, rounded};
pub(crate) use gather::Evidence;
pub(crate) use proof::{Proven, Shown, shown};
pub(crate) use room::Room;
pub(crate) use setup::{Place, Progress, Setup};
pub use source::Source;
pub(crate) use watched::drain;
