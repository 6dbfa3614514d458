//! Limits of connections and requests (`validateConnectionPool`).

use super::names::duration_if_set;
use super::node::Node;
use crate::duration;
use crate::review::Review;

/// The API's own bound for requests per connection, which nothing enforces.
const MAX_REQUESTS_PER_CONNECTION: i64 = 1 << 29;

pub(super) fn connection_pool(pool: &Node<'_>, review: &mut Review) {
    let (http, tcp) = (pool.get("http"), pool.get("tcp"));
    if http.is_none() && tcp.is_none() {
        review.error(pool, "connection pool must have at least one field");
    }
    if let Some(http) = http {
        of_requests(&http, review);
    }
    if let Some(tcp) = tcp {
        of_connections(&tcp, review);
    }
}

fn of_requests(http: &Node<'_>, review: &mut Review) {
    for name in [
        "http1MaxPendingRequests",
        "http2MaxRequests",
        "maxRequestsPerConnection",
        "maxRetries",
        "maxConcurrentStreams",
    ] {
        not_negative(&http.at(name), review);
    }
    if http.int("maxRequestsPerConnection") > MAX_REQUESTS_PER_CONNECTION {
        review.warn(http.at("maxRequestsPerConnection"), "should be at most 2^29");
    }
    duration_if_set(http, "idleTimeout", review);
    if http.text("h2UpgradePolicy") == "UPGRADE" && http.flag("useClientProtocol") {
        let message = "use client protocol must not be true when H2UpgradePolicy is UPGRADE";
        review.error(http.at("useClientProtocol"), message);
    }
    if let Some(pings) = http.get("http2KeepAlive") {
        for name in ["interval", "timeout"] {
            if !pings.has(name) {
                review.error(pings.at(name), format_args!("http2 keepalive {name} is required"));
            }
            duration_if_set(&pings, name, review);
        }
    }
}

fn of_connections(tcp: &Node<'_>, review: &mut Review) {
    not_negative(&tcp.at("maxConnections"), review);
    duration_if_set(tcp, "connectTimeout", review);
    duration_if_set(tcp, "maxConnectionDuration", review);
    // Nought switches it off; so does anything below a millisecond.
    if duration::signed(tcp.text("idleTimeout")).is_some_and(|nanos| nanos / 1_000_000 != 0) {
        duration_if_set(tcp, "idleTimeout", review);
    }
    let probes = tcp.at("tcpKeepalive");
    duration_if_set(&probes, "time", review);
    duration_if_set(&probes, "interval", review);
}

fn not_negative(field: &Node<'_>, review: &mut Review) {
    let number = field.as_int();
    if number < 0 {
        review.error(field, format_args!("{number} must be non-negative"));
    }
}
