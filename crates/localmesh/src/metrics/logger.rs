//! The stats access loggers (`envoy.access_loggers.stats`) from whose counters and histograms the
//! page is made. Their tags hold what only Envoy knows at the end of a request; names of workloads
//! are looked up by address when the page is read (`rewrite`). Pure and golden-tested.
//!
//! What Envoy 1.40 was seen to do:
//! - `%UPSTREAM_HOST%` is set as soon as a host was selected, even if no connection to it could be
//!   made (`%UPSTREAM_REMOTE_ADDRESS%` is not), and empty for FI, UO, UH, NR and NC: exactly when
//!   Istio's own filter knows the destination's workload.
//! - A connection that comes in over a Unix socket has the socket's path as its remote address.
//! - Byte operators of a TCP proxy are totals of the connection in every log entry. A logger that
//!   also listens to periodic entries would count bytes again and again, so bytes are counted at
//!   the end of a connection only. (Istio's filter counts them every 5 s.)

use serde_json::{Value, json};

/// Which side of a connection a listener is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reporter {
    /// Outbound listeners.
    Source,
    /// Inbound listeners.
    Destination,
}

const TYPE: &str = "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config";

/// Flags of a connection that never got an upstream connection, so that no entry told its opening.
const NEVER_CONNECTED: [&str; 5] = ["UH", "UF", "UO", "NR", "NC"];

/// The `access_log` list of an HTTP connection manager. Pure.
pub(crate) fn http_access_log(reporter: Reporter) -> Vec<Value> {
    let mut tags = tags(reporter);
    if reporter == Reporter::Source {
        // Istio falls back to the Host header where there is no cluster, but never on inbound.
        tags.push(tag("authority", "%REQ(:AUTHORITY)%"));
    }
    tags.push(tag("response_code", "%RESPONSE_CODE%"));
    // Empty unless the request was gRPC.
    tags.push(tag("grpc_status", "%GRPC_STATUS_NUMBER%"));
    let histogram = |name: &str, unit: &str, value: &str| {
        json!({
            "stat": { "name": name, "tags": tags }, "unit": unit, "value_format": value
        })
    };
    let config = json!({
        "@type": TYPE,
        "stats_scope": { "prefix": "istio" },
        "counters": [{ "stat": { "name": "requests_total", "tags": tags }, "value_fixed": 1 }],
        "histograms": [
            histogram("request_duration_milliseconds", "Milliseconds", "%DURATION%"),
            histogram("request_bytes", "Bytes", "%DOWNSTREAM_WIRE_BYTES_RECEIVED%"),
            histogram("response_bytes", "Bytes", "%DOWNSTREAM_WIRE_BYTES_SENT%"),
        ],
    });
    vec![json!({ "name": "envoy.access_loggers.stats", "typed_config": config })]
}

/// The `access_log` list of a TCP proxy, which must have `tcp_access_log_options` too. Pure.
pub(crate) fn tcp_access_log(reporter: Reporter) -> Vec<Value> {
    let tags = tags(reporter);
    let counter = |name: &str, value: (&str, Value)| {
        let mut counter = json!({ "stat": { "name": name, "tags": tags } });
        counter[value.0] = value.1;
        counter
    };
    let logger = |filter: Value, counters: Vec<Value>| {
        let config = json!({
            "@type": TYPE, "stats_scope": { "prefix": "istio" }, "counters": counters,
        });
        json!({ "name": "envoy.access_loggers.stats", "filter": filter, "typed_config": config })
    };
    let entry = |kind: &str| json!({ "log_type_filter": { "types": [kind] } });
    let never = json!({ "response_flag_filter": { "flags": NEVER_CONNECTED } });
    let unconnected_end =
        json!({ "and_filter": { "filters": [entry("TcpConnectionEnd"), never] } });
    let opened =
        json!({ "or_filter": { "filters": [entry("TcpUpstreamConnected"), unconnected_end] } });
    let one = || ("value_fixed", json!(1));
    let bytes = |operator: &str| ("value_format", json!(operator));
    vec![
        logger(opened, vec![counter("tcp_connections_opened_total", one())]),
        logger(
            entry("TcpConnectionEnd"),
            vec![
                counter("tcp_connections_closed_total", one()),
                counter("tcp_sent_bytes_total", bytes("%DOWNSTREAM_WIRE_BYTES_SENT%")),
                counter("tcp_received_bytes_total", bytes("%DOWNSTREAM_WIRE_BYTES_RECEIVED%")),
            ],
        ),
    ]
}

/// The `access_log_options` of a TCP proxy: without them Envoy logs a connection only at its end,
/// and an open one would not be counted as opened. Pure.
pub(crate) fn tcp_access_log_options() -> Value {
    json!({ "flush_access_log_on_connected": true })
}

fn tags(reporter: Reporter) -> Vec<Value> {
    let mut tags = match reporter {
        Reporter::Source => {
            vec![tag("reporter", "source"), tag("destination", "%UPSTREAM_HOST%")]
        }
        Reporter::Destination => vec![
            tag("reporter", "destination"),
            // The peer itself: a mirrored request's copy carries an `x-forwarded-for` that Envoy
            // adds, and the other operator would believe it.
            tag("source", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
        ],
    };
    tags.push(tag("services", "%CLUSTER_METADATA(istio:services)%"));
    tags.push(tag("cluster", "%UPSTREAM_CLUSTER_RAW%"));
    tags.push(tag("response_flags", "%RESPONSE_FLAGS%"));
    tags
}

fn tag(name: &str, format: &str) -> Value {
    json!({ "name": name, "value_format": format })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loggers() {
        insta::assert_json_snapshot!("http", http_access_log(Reporter::Source));
        insta::assert_json_snapshot!("tcp", tcp_access_log(Reporter::Destination));
    }
}
