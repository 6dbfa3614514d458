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
mod proof;
mod reconcile;
pub mod room;
mod scrape;
mod setup;
mod watched;
pub(crate) mod witness;

pub use agents::{Agents, Handles};
pub(crate) use chunk::first_chunk;
pub(crate) use chunk::next_chunk;
pub(crate) use claim::Claim;
pub(crate) use claim::Expectation;
pub(crate) use claim::Observer;
pub(crate) use claim::Property;
pub(crate) use claim::Unit;
pub(crate) use client_load::Load;
pub(crate) use client_load::Sent;
pub(crate) use count::ClaimVerdict;
pub(crate) use fit::Fit;
pub(crate) use fit::Step;
pub(crate) use fit::rounded;
pub(crate) use gather::Evidence;
pub(crate) use proof::Proven;
pub(crate) use proof::Shown;
pub(crate) use proof::shown;
pub(crate) use room::Room;
pub(crate) use setup::Place;
pub(crate) use setup::Progress;
pub(crate) use setup::Setup;
pub(crate) use watched::drain;
