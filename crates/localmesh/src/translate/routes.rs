//! RDS: for each HTTP port one route configuration, in it one virtual host for each service on that
//! port.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::inputs::{Service, ServicePort};
use super::matching::is_catch_all;
use super::names;
use super::route::default_route;
use super::rule::Rule;
use super::view::View;
use crate::network::Protocol;
use istio::DOMAIN;
use istio::VirtualService;

pub(super) fn routes(view: &View<'_>) -> BTreeMap<String, Value> {
    let http = view.ports().filter(|(_, port)| port.protocol == Protocol::Http);
    let ports: BTreeSet<u16> = http.map(|(_, port)| port.port).collect();
    ports.into_iter().map(|port| (port.to_string(), configuration(view, port))).collect()
}

fn configuration(view: &View<'_>, port: u16) -> Value {
    let speaks_http = |own: &ServicePort| own.port == port && own.protocol == Protocol::Http;
    let mut services: Vec<&Service> = view
        .context
        .services
        .iter()
        .filter(|service| service.ports.iter().any(speaks_http))
        .collect();
    services.sort_by_key(|service| (&service.namespace, &service.name));
    let mut hosts: Vec<Value> =
        services.into_iter().map(|service| virtual_host(view, service, port)).collect();
    hosts.push(unknown_hosts());
    json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": port.to_string(),
        "virtual_hosts": hosts,
        // A route to a subset that does not exist (yet) answers 503 NC; it is not refused.
        "validate_clusters": false,
        "ignore_port_in_host_matching": true,
    })
}

fn virtual_host(view: &View<'_>, service: &Service, port: u16) -> Value {
    let fqdn = service.fqdn();
    let (name, namespace) = (&service.name, &service.namespace);
    let mut domains = vec![fqdn.clone()];
    if namespace == view.namespace() {
        domains.push(name.clone());
    }
    domains.push(format!("{name}.{namespace}"));
    domains.push(format!("{name}.{namespace}.svc"));
    domains.push(service.cluster_ip.to_string());
    debug_assert!(fqdn.ends_with(DOMAIN), "a service's name ends in the cluster's domain");
    json!({
        "name": format!("{fqdn}:{port}"),
        "domains": domains,
        "routes": service_routes(view, service, port),
        "include_request_attempt_count": true,
    })
}

/// The rules of the first `VirtualService` that has any for this proxy (one with none is as if it
/// were not there); without one, everything to the whole service.
fn service_routes(view: &View<'_>, service: &Service, port: u16) -> Vec<Value> {
    let candidates = view.config.virtual_services(service, view.namespace());
    let rules = candidates.into_iter().map(|object| object_routes(view, object, port));
    rules
        .into_iter()
        .find(|routes| !routes.is_empty())
        .unwrap_or_else(|| vec![default_route(&names::outbound(port, "", &service.fqdn()))])
}

/// The routes of one object, in its order, up to the first that every request meets.
fn object_routes(view: &View<'_>, object: &VirtualService, port: u16) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for rule in &object.spec.http {
        for route in (Rule { view, object, rule, port }).routes() {
            let ends = is_catch_all(&route["match"]);
            found.push(route);
            if ends {
                return found;
            }
        }
    }
    found
}

/// Hosts that no service has.
fn unknown_hosts() -> Value {
    json!({
        "name": "block_all",
        "domains": ["*"],
        "routes": [{
            "name": "block_all",
            "match": {"prefix": "/"},
            "direct_response": {"status": 502},
        }],
        "include_request_attempt_count": true,
    })
}
