//! Istio's standard metrics from an upstream Envoy: the stats access logger that counts, and the
//! page on port 15020 that shows the counts under Istio's names and labels.
//!
//! `logger` makes the loggers' configuration (pure). `serve` serves the page, which `page` puts
//! together: `readings` asks Envoy, `rewrite` turns its page into Istio's with `istio_labels` (both
//! pure), and `queue` adds how long the pod's containers waited for a core.

mod istio_labels;
pub(crate) mod logger;
mod page;
mod queue;
mod readings;
mod rewrite;
mod serve;

pub use self::queue::Threads;
pub use self::rewrite::rewrite;
pub use self::serve::serve;
