//! What a step may do to a service. Pure.

use crate::units::{Percent, Span};

/// Requests that carry this header with exactly this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Lower-case name.
    pub name: String,
    /// Exact value.
    pub value: String,
}

/// One thing that is done to a service.
#[derive(Debug, Clone, PartialEq)]
pub enum Disturbance {
    /// A share of requests waits before it is sent (`HTTPFaultInjection.Delay`).
    Delay {
        /// How many.
        share: Percent,
        /// How long.
        delay: Span,
    },
    /// A share of requests is answered by the caller's proxy instead (`…Abort`).
    Abort {
        /// How many.
        share: Percent,
        /// With this status.
        status: u16,
    },
    /// Requests or connections are spread over versions by weight.
    Split {
        /// Version and weight.
        weights: Vec<(String, u32)>,
    },
    /// Requests with a header go to one version.
    Route {
        /// Which requests.
        only: HeaderMatch,
        /// Where to.
        version: String,
    },
    /// Requests are given up after a time.
    Timeout {
        /// Which requests; `None` = all.
        only: Option<HeaderMatch>,
        /// When.
        after: Span,
    },
    /// Failed requests are tried again.
    Retries {
        /// How often at most.
        attempts: u32,
        /// On which failures, in Envoy's words (`5xx`, `gateway-error`, …).
        on: String,
    },
    /// Connections and waiting requests are limited, per client proxy.
    Breaker {
        /// TCP connections.
        max_connections: u32,
        /// Requests waiting for one.
        max_pending: u32,
    },
    /// Hosts that fail are taken out.
    Ejection {
        /// After this many 5xx in a row.
        consecutive_errors: u32,
        /// Looked at this often.
        interval: Span,
        /// For this long.
        duration: Span,
    },
    /// A share of requests is copied to a version, whose answers nobody sees.
    Mirror {
        /// How many.
        share: Percent,
        /// To which version.
        version: String,
    },
}
