//! A series of a pod, and what it had counted. Pure.

use std::sync::Arc;

use exposition::Labels;

use crate::telemetry::histogram::Histogram;

/// A series of a pod; a histogram's is without `le`. The labels are shared by all that is kept of
/// a series: snapshots, ledgers, windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) metric: &'static str,
    pub(crate) labels: Arc<Labels>,
}

/// What a series had counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Amount {
    Count(u64),
    Histogram(Histogram),
}
