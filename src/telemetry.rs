//! Telemetry: what the proxies counted. Pods are read before and after a piece of load, the ledger
//! follows their counters from one reading to the next, and a window is what was added in between,
//! exact, or else named as missing: never guessed. All of it is pure: pods are read by `evidence`,
//! and their pages' text by the crate `exposition`.
//!
//! The map, in reading order. `page` is what a proxy says: samples of a `metric`, and what tells
//! its `life`; `prometheus` makes pages of what a Prometheus has scraped. A `snapshot` is what
//! several pods' proxies say (`pod_name`, `series`, `histogram`), and `settle` whether their
//! durations have come. `ledger` follows snapshots and makes a `window` of two of them, with what
//! is `missing`. Questions to a window are asked with a `filter`: `requests`, `durations`, `tcp`,
//! and how late the proxies themselves ran (`delays`).

mod delays;
mod durations;
mod filter;
mod histogram;
mod ledger;
mod life;
mod metric;
mod missing;
pub mod page;
mod pod_name;
pub(crate) mod prometheus;
#[cfg(test)]
mod recorded;
mod requests;
mod series;
mod settle;
mod snapshot;
mod tcp;
mod window;

pub use delays::Delays;
pub use durations::Durations;
pub use filter::{Filter, Reporter};
pub use ledger::{Ledger, Mark};
pub use metric::Metric;
pub use missing::{Missing, Part, Why};
pub use pod_name::PodName;
pub use requests::Requests;
pub use snapshot::Snapshot;
pub use tcp::{Tcp, TcpCounts};
pub use window::Window;
