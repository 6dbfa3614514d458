//! LDS: where the application's calls enter the sidecar: Unix sockets in the pod's folder. The way
//! in, from other pods, is in `inbound_listeners`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::config_source::config_source;
use super::filters::{TCP_PROXY, connection_manager, http_filter, tcp_filter};
use super::inputs::{Service, ServicePort};
use super::target::{Target, tcp_route};
use super::view::View;
use super::{inbound_listeners, names};
use crate::metrics::logger::{Reporter, http_access_log, tcp_access_log, tcp_access_log_options};
use crate::network::Protocol;
use crate::network::listen::BACKLOG;
use istio::duration;

/// Only the application's own user may use its sidecar: 0600.
const SOCKET_MODE: u32 = 0o600;

pub(super) fn listeners(view: &View<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (service, port) in view.ports() {
        let (name, listener) = match port.protocol {
            Protocol::Http => outbound_http(port.port),
            Protocol::Tcp => outbound_tcp(view, service, port),
        };
        found.entry(name).or_insert(listener);
    }
    for port in &view.proxy.ports {
        let name = format!("virtualInbound_{}", port.port);
        found.insert(name.clone(), inbound_listeners::inbound(port, &name));
    }
    found
}

/// A port of a real sidecar is bound once per worker (`SO_REUSEPORT`), and the kernel spreads the
/// connections. A Unix socket is one for all workers, and under little load the same one accepts
/// them all: half of the sidecar would be there for nobody. So Envoy spreads them.
fn outbound(name: &str, filter: &Value) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": {"pipe": {"path": format!("out/{name}.sock"), "mode": SOCKET_MODE}},
        "tcp_backlog_size": BACKLOG,
        "connection_balance_config": {"exact_balance": {}},
        "traffic_direction": "OUTBOUND",
        "stat_prefix": format!("outbound_{name};"),
        "filter_chains": [{"filters": [filter]}],
    })
}

/// All HTTP services on one port share a listener; the Host header tells them apart.
fn outbound_http(port: u16) -> (String, Value) {
    let name = format!("0.0.0.0_{port}");
    let mut manager =
        connection_manager(&format!("outbound_{name};"), &http_access_log(Reporter::Source));
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
        "access_log": tcp_access_log(Reporter::Source),
        "access_log_options": tcp_access_log_options(),
    });
    let base = names::outbound(port.port, "", &service.fqdn());
    let rule = tcp_route(view, service, port);
    match &rule {
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
    let mut listener = outbound(&name, &tcp_filter(&proxy));
    if let Some((object, _)) = &rule {
        // A connection has no route of its own: pilot names the object on the filter chain.
        let made_from = names::config_metadata("virtual-service", &object.metadata);
        listener["filter_chains"][0]["metadata"] = made_from;
    }
    (name, listener)
}

/// A TCP proxy's idle timeout belongs to the listener, so the service's own policy decides.
fn idle_timeout(view: &View<'_>, service: &Service, port: u16) -> Option<String> {
    let policy = view.config.rule(service, view.proxy)?.policy.for_port(port);
    policy.connection_pool?.tcp?.idle_timeout?.get().map(duration::proto)
}
