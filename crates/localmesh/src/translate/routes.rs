//! RDS: for each HTTP port one route configuration, in it one virtual host for each service on that
//! port; and the choice among a `VirtualService`'s TCP rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::matching::{is_catch_all, tcp_applies};
use super::route::{Rule, default_route};
use super::{Protocol, Service, ServicePort, View, names};
use istio::{DOMAIN, Destination, Headers, RouteDestination, VirtualService};

pub(super) fn routes(view: &View<'_>) -> BTreeMap<String, Value> {
    let http = view.ports().filter(|(_, port)| port.protocol == Protocol::Http);
    let ports: BTreeSet<u16> = http.map(|(_, port)| port.port).collect();
    ports.into_iter().map(|port| (port.to_string(), configuration(view, port))).collect()
}

fn configuration(view: &View<'_>, port: u16) -> Value {
    let speaks_http = |own: &ServicePort| own.port == port && own.protocol == Protocol::Http;
    let mut services: Vec<&Service> = view
        .world
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

/// One destination with its share.
pub(super) struct Share<'a> {
    pub(super) cluster: String,
    pub(super) weight: u32,
    pub(super) headers: Option<&'a Headers>,
}

/// Where a rule sends its requests or connections.
pub(super) enum Target<'a> {
    /// A single destination; its weight does not matter.
    One(Share<'a>),
    /// Several, those without weight left out.
    Weighted(Vec<Share<'a>>),
}

pub(super) fn target<'a>(
    view: &View<'_>,
    route: &'a [RouteDestination],
    namespace: &str,
    port: u16,
) -> Target<'a> {
    let share = |one: &'a RouteDestination| Share {
        cluster: destination_cluster(view, &one.destination, namespace, port),
        weight: one.weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(0),
        headers: one.headers.as_ref(),
    };
    match route {
        [single] => Target::One(share(single)),
        several => {
            Target::Weighted(several.iter().map(share).filter(|share| share.weight > 0).collect())
        }
    }
}

/// The cluster a destination means: without a port, the service's only one, else the called one.
pub(super) fn destination_cluster(
    view: &View<'_>,
    destination: &Destination,
    namespace: &str,
    called: u16,
) -> String {
    let given = destination.port.as_ref().and_then(|port| u16::try_from(*port.number).ok());
    let port = given.unwrap_or_else(|| {
        match view.service(&destination.host, namespace).map(|service| service.ports.as_slice()) {
            Some([only]) => only.port,
            Some(_) | None => called,
        }
    });
    let fqdn = istio::resolve(&destination.host, namespace);
    names::outbound(port, &destination.subset, &fqdn)
}

/// The TCP rule for this proxy's connections to a service, and the object it is from.
pub(super) fn tcp_route<'a>(
    view: &'a View<'a>,
    service: &Service,
    port: &ServicePort,
) -> Option<(&'a VirtualService, Target<'a>)> {
    let candidates = view.config.virtual_services(service, view.namespace());
    let object = candidates.into_iter().find(|object| !object.spec.tcp.is_empty())?;
    let rule = object.spec.tcp.iter().find(|rule| {
        rule.matches.is_empty()
            || rule
                .matches
                .iter()
                .any(|block| tcp_applies(view, block, service.cluster_ip, port.port))
    })?;
    let namespace = &object.metadata.namespace;
    Some((object, target(view, &rule.route, namespace, port.port)))
}
