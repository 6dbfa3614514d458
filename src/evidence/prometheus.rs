//! A Prometheus that scrapes the mesh, as the source of what the proxies counted. What it answers
//! is understood by `telemetry::prometheus`; here it is found and asked, and waited for: a reading
//! is as of a moment, and good once every pod was scraped after it.
//!
//! `prometheus` is the source, `web` the way to it by its address and `in_cluster` the one through
//! the API server, `trouble` why there is no answer; `reading` makes a snapshot, and `look` what is
//! known of it before a run.

mod in_cluster;
mod look;
mod prometheus;
mod reading;
#[cfg(test)]
mod tests;
mod trouble;
mod web;

pub use look::Sight;
pub use prometheus::Prometheus;
pub(crate) use reading::When;
pub use trouble::Trouble;
pub use web::Trust;
