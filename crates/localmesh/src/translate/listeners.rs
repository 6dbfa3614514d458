//! LDS: where the application's calls enter the sidecar (outbound, Unix sockets in the pod's
//! folder), and where other pods' calls do (inbound, the pod's address).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::routes::{Target, tcp_route};
use super::{PodPort, Protocol, Service, ServicePort, View, config_source, names};
use crate::metrics::{Reporter, http_access_log, tcp_access_log, tcp_access_log_options};
use crate::network::BACKLOG;
use istio::duration;

/// Only the application's own user may use its sidecar: 0600.
const SOCKET_MODE: u32 = 0o600;

pub(super) fn listeners(view: &View<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (service, port) in view.ports() {
        let (name, listener) = match port.protocol {
            Protocol::Http => outbound_http(view, port.port),
            Protocol::Tcp => outbound_tcp(view, service, port),
        };
        found.entry(name).or_insert(listener);
    }
    for port in &view.proxy.ports {
        let name = format!("virtualInbound_{}", port.port);
        found.insert(name.clone(), inbound(view, port, &name));
    }
    found
}

fn outbound(name: &str, filter: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"pipe": {"path": format!("out/{name}.sock"), "mode": SOCKET_MODE}},
        "tcp_backlog_size": BACKLOG,
        "traffic_direction": "OUTBOUND",
        "stat_prefix": format!("outbound_{name};"),
        "filter_chains": [{"filters": [filter]}],
    })
}

/// All HTTP services on one port share a listener; the Host header tells them apart.
fn outbound_http(view: &View<'_>, port: u16) -> (String, Value) {
    let name = format!("0.0.0.0_{port}");
    let mut manager = connection_manager(
        &format!("outbound_{name};"),
        &http_access_log(Reporter::Source, &view.proxy.workload),
    );
    manager["rds"] = json!({
        "route_config_name": port.to_string(),
        "config_source": config_source(),
    });
    let listener = outbound(&name, &http_filter(&manager));
    (name, listener)
}

/// TCP services have a listener each; the called address tells them apart.
fn outbound_tcp(view: &View<'_>, service: &Service, port: &ServicePort) -> (String, Value) {
    let name = format!("{}_{}", service.cluster_ip, port.port);
    let mut proxy = json!({
        "@type": TCP_PROXY,
        "access_log": tcp_access_log(Reporter::Source, &view.proxy.workload),
        "access_log_options": tcp_access_log_options(),
    });
    let base = names::outbound(port.port, "", &service.fqdn());
    match tcp_route(view, service, port) {
        None => {
            proxy["stat_prefix"] = json!(format!("{base};"));
            proxy["cluster"] = json!(base);
        }
        Some((_, Target::One(share))) => {
            proxy["stat_prefix"] = json!(format!("{};", share.cluster));
            proxy["cluster"] = json!(share.cluster);
        }
        Some((object, Target::Weighted(shares))) => {
            let metadata = &object.metadata;
            let each = shares.iter().map(|s| json!({"name": s.cluster, "weight": s.weight}));
            proxy["stat_prefix"] = json!(format!("{}.{};", metadata.name, metadata.namespace));
            proxy["weighted_clusters"] = json!({"clusters": each.collect::<Vec<_>>()});
        }
    }
    if let Some(idle) = idle_timeout(view, service, port.port) {
        proxy["idle_timeout"] = json!(idle);
    }
    let listener = outbound(&name, &tcp_filter(&proxy));
    (name, listener)
}

/// A TCP proxy's idle timeout belongs to the listener, so the service's own policy decides.
fn idle_timeout(view: &View<'_>, service: &Service, port: u16) -> Option<String> {
    let policy = view.config.rule(service, view.proxy)?.policy.for_port(port);
    policy.connection_pool?.tcp?.idle_timeout?.get().map(duration::proto)
}

fn inbound(view: &View<'_>, port: &PodPort, name: &str) -> Value {
    let cluster = names::inbound(port.port);
    let own = &view.proxy.workload;
    let filter = match port.protocol {
        Protocol::Http => {
            let prefix = format!("inbound_0.0.0.0_{};", port.port);
            let log = http_access_log(Reporter::Destination, own);
            let mut manager = connection_manager(&prefix, &log);
            manager["server_name"] = json!("istio-envoy");
            manager["route_config"] = inbound_routes(port.port, &cluster);
            http_filter(&manager)
        }
        Protocol::Tcp => tcp_filter(&json!({
            "@type": TCP_PROXY,
            "stat_prefix": format!("{cluster};"),
            "cluster": cluster,
            "access_log": tcp_access_log(Reporter::Destination, own),
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

fn connection_manager(stat_prefix: &str, access_log: &[Value]) -> Value {
    json!({
        "@type": HTTP_MANAGER,
        "stat_prefix": stat_prefix,
        "codec_type": "AUTO",
        "use_remote_address": false,
        "normalize_path": true,
        "generate_request_id": true,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": access_log,
        "http_filters": [
            {"name": FAULT, "typed_config": {"@type": FAULT_TYPE}},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                },
            },
        ],
    })
}

fn http_filter(manager: &Value) -> Value {
    json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager})
}

fn tcp_filter(proxy: &Value) -> Value {
    json!({"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy})
}

/// The fault filter is in every connection manager and does nothing until a route says so.
pub(super) const FAULT: &str = "envoy.filters.http.fault";
pub(super) const FAULT_TYPE: &str =
    "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
const HTTP_MANAGER: &str = "type.googleapis.com/\
     envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const TCP_PROXY: &str =
    "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
