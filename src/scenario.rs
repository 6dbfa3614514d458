//! The conductor: prepare, disturb, observe, judge, restore. Only this room sequences; a step says
//! what it wants in one call.

mod apply;
mod disturb;
mod expect;
mod first;
mod judged;
mod options;
mod phase;
pub mod plan;
mod restore;
pub mod run;
mod scale;
mod send;
mod settings;
mod sink;
mod state;
#[cfg(test)]
mod tests;
mod workloads;
mod write;

pub use options::{Options, Patience};
pub use sink::{Sink, Write};
pub use state::Scenario;
