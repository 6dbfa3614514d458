//! The metrics that are followed, by the names that Istio and Envoy give them. Pure.

pub(crate) const REQUESTS: &str = "istio_requests_total";

pub(crate) const DURATIONS: &str = "istio_request_duration_milliseconds";

pub(crate) const TCP_OPENED: &str = "istio_tcp_connections_opened_total";

pub(crate) const TCP_CLOSED: &str = "istio_tcp_connections_closed_total";

pub(crate) const TCP_SENT: &str = "istio_tcp_sent_bytes_total";

pub(crate) const TCP_RECEIVED: &str = "istio_tcp_received_bytes_total";

pub(crate) const COUNTERS: [&str; 5] = [REQUESTS, TCP_OPENED, TCP_CLOSED, TCP_SENT, TCP_RECEIVED];

/// All metrics that are followed.
pub(crate) const METRICS: [&str; 6] =
    [REQUESTS, DURATIONS, TCP_OPENED, TCP_CLOSED, TCP_SENT, TCP_RECEIVED];

/// Envoy's histogram of how late a thread ran, in microseconds; the thread's own name comes before
/// it (see `delays`).
pub(crate) const NAME: &str = "dispatcher_poll_delay_us";

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// How many requests, and how they ended.
    Requests,
    /// How long they took.
    Durations,
    /// TCP connections and bytes.
    Tcp,
}

// === impl Metric ===

impl Metric {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            REQUESTS => Self::Requests,
            DURATIONS => Self::Durations,
            _ => Self::Tcp,
        }
    }
}
