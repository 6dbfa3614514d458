//! LDS, the way in: where other pods' calls enter the sidecar, on the pod's own address.

use serde_json::{Value, json};

use super::filters::{TCP_PROXY, connection_manager, http_filter, tcp_filter};
use super::names;
use crate::metrics::logger::{Reporter, http_access_log, tcp_access_log, tcp_access_log_options};
use crate::network::listen::BACKLOG;
use crate::network::{PodPort, Protocol};

pub(super) fn inbound(port: &PodPort, name: &str) -> Value {
    let cluster = names::inbound(port.port);
    let filter = match port.protocol {
        Protocol::Http => {
            let prefix = format!("inbound_0.0.0.0_{};", port.port);
            let log = http_access_log(Reporter::Destination);
            let mut manager = connection_manager(&prefix, &log);
            manager["server_name"] = json!("istio-envoy");
            manager["route_config"] = inbound_routes(port.port, &cluster);
            http_filter(&manager)
        }
        Protocol::Tcp => tcp_filter(&json!({
            "@type": TCP_PROXY,
            "stat_prefix": format!("{cluster};"),
            "cluster": cluster,
            "access_log": tcp_access_log(Reporter::Destination),
            "access_log_options": tcp_access_log_options(),
        })),
    };
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"socket_address": {
            "address": port.reach.ip().to_string(),
            "port_value": port.reach.port(),
        }},
        "tcp_backlog_size": BACKLOG,
        "traffic_direction": "INBOUND",
        "stat_prefix": format!("inbound_0.0.0.0_{};", port.port),
        "filter_chains": [{"filters": [filter]}],
    })
}

/// Everything to the application, without a time limit; what the application never saw may be tried
/// again (the mesh's `defaultInboundHttpRetryPolicy`).
fn inbound_routes(port: u16, cluster: &str) -> Value {
    json!({
        "name": cluster,
        "validate_clusters": false,
        "virtual_hosts": [{
            "name": format!("inbound|http|{port}"),
            "domains": ["*"],
            "routes": [{
                "name": "default",
                "match": {"prefix": "/"},
                "route": {
                    "cluster": cluster,
                    "timeout": "0s",
                    "retry_policy": {"retry_on": "reset-before-request", "num_retries": 2},
                },
            }],
        }],
    })
}
