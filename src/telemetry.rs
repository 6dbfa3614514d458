//! Telemetry: what the proxies counted. Pods are read before and after a piece of load, the ledger
//! follows their counters from one reading to the next, and a window is what was added in between,
//! exact, or else named as missing: never guessed. The text parser, the ledger and the questions
//! asked of windows are pure; reading pods is the sources' work.

mod delays;
mod filter;
mod histogram;
mod ledger;
mod missing;
pub mod page;
mod query;
#[cfg(test)]
mod recorded;
mod settle;
mod snapshot;
mod window;

pub use delays::Delays;
pub use filter::{Filter, Reporter};
pub use ledger::{Ledger, Mark};
pub use missing::{Missing, Part, Why};
pub use query::{Durations, Requests, Tcp, TcpCounts};
pub use snapshot::{Metric, PodName, Snapshot};
pub use window::Window;
