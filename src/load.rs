//! Load: requests on a plan, and the honest ledger of what became of them.
//!
//! The map, in reading order. `spec` says what to send; `schedule` (pure) when each request is due;
//! `pacer` hands requests out at those times from a thread of its own; `sender` puts one on the
//! wire; `ledger` counts it and `histogram` keeps its times; `conditions` and `machine` witness
//! what the time was like in which that happened; `stream` is the life of one stream; `agent`
//! serves streams over HTTP from inside the mesh, and `wire` has the words spoken to it.
//!
//! Invariants: latency counts from the time a request was *due*, so a stalled server (or a stalled
//! generator) is never forgiven; nothing that was due is dropped without being counted; nothing in
//! flight is cut off silently. This module knows neither Kubernetes nor the local mesh.

pub mod agent;
pub mod conditions;
pub mod histogram;
pub mod ledger;
pub mod machine;
pub mod pacer;
pub mod schedule;
pub mod sender;
pub mod spec;
pub mod stream;
pub mod wire;

pub use conditions::Conditions;
pub use histogram::Latencies;
pub use ledger::{Failure, Tally};
pub use sender::{Dialer, Stream, tcp_dialer};
pub use spec::{Shape, Spacing, StreamSpec};
pub use wire::{EndedBy, State, StreamReport};

#[cfg(test)]
mod tests;
