//! Telemetry: what the proxies counted. Counters are read from the pods before and after a window
//! and subtracted, so that a figure is exact and belongs to the window alone. The text parser, the
//! windows and the questions asked of them are pure; reading pods is the sources' work.

pub mod exposition;
mod query;
mod snapshot;
mod window;

pub use query::{Durations, Filter, Reporter, Requests, Tcp, TcpCounts};
pub use snapshot::{PodName, Snapshot, SnapshotError};
pub use window::{Trouble, Window, WindowError};
