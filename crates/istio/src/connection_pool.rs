//! Limits of connections and requests: the circuit breaker of a `DestinationRule`.

use crate::duration::Duration;
use crate::field::parts;

parts! {
    /// Limits of connections and requests.
    pub struct ConnectionPool {
        /// Of connections.
        pub tcp: Option<TcpSettings>,
        /// Of requests.
        pub http: Option<HttpSettings>,
    }

    /// Limits of connections.
    pub struct TcpSettings {
        /// How many at once; none means 2^32-1.
        pub max_connections: Option<i32>,
        /// How long connecting may take; none means 10 s.
        pub connect_timeout: Option<Duration>,
        /// How long one may last.
        pub max_connection_duration: Option<Duration>,
        /// How long one may be silent (TCP only).
        pub idle_timeout: Option<Duration>,
    }

    /// Limits of requests.
    pub struct HttpSettings {
        /// How many may wait for a connection; none means 2^32-1.
        pub http1_max_pending_requests: Option<i32>,
        /// How many may be in flight; none means 2^32-1.
        pub http2_max_requests: Option<i32>,
        /// How many one connection carries; none means any number.
        pub max_requests_per_connection: Option<i32>,
        /// How many retries may be in flight; none means 2^32-1.
        pub max_retries: Option<i32>,
        /// How long a connection may be without a request; none means 1 h.
        pub idle_timeout: Option<Duration>,
    }
}
