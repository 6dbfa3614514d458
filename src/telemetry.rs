//! Telemetry: what the proxies counted. Pods are read before and after a piece of load, the ledger
//! follows their counters from one reading to the next, and a window is what was added in between,
//! exact, or else named as missing: never guessed. The text parser, the ledger and the questions
//! asked of windows are pure; reading pods is the sources' work.

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
