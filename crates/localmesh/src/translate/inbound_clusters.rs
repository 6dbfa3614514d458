//! CDS, the way in: the cluster that is the application itself.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::circuit_breaker::connection_pool;
use super::inputs::Service;
use super::names;
use super::view::View;
use crate::network::PodPort;
use istio::TrafficPolicy;

/// The cluster towards the application itself. The connection pool of the service's
/// `DestinationRule` holds here too (pilot's `buildInboundCluster`); nothing else of it does.
pub(super) fn inbound(view: &View<'_>, port: &PodPort) -> Value {
    let name = names::inbound(port.port);
    let service = service_behind(view, port.reach);
    let mut cluster = json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "alt_stat_name": format!("{name};"),
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {
                "address": port.app.ip().to_string(),
                "port_value": port.app.port(),
            }}}}]}],
        },
    });
    let rule = service.and_then(|(service, _)| view.config.rule(service, view.proxy));
    if let Some((service, _)) = service {
        // A rule of subsets alone says nothing about the way in.
        let shapes = rule.as_ref().filter(|rule| rule.policy != TrafficPolicy::default());
        let made_from =
            shapes.map(|rule| names::config("destination-rule", &rule.namespace, &rule.name));
        cluster["metadata"] = names::cluster_metadata(service, "", made_from);
    }
    let pool =
        service.zip(rule).and_then(|((_, port), rule)| rule.policy.for_port(port).connection_pool);
    connection_pool(&mut cluster, pool.as_ref(), port.protocol);
    cluster
}

/// The service (and the port of it) whose endpoint is reached at `reach`; of several, the first by
/// namespace and name, so that the choice does not change.
fn service_behind<'a>(view: &'a View<'_>, reach: SocketAddr) -> Option<(&'a Service, u16)> {
    let mut found: Vec<(&Service, u16)> = view
        .context
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.address == reach)
        .filter_map(|endpoint| {
            let named = |service: &&Service| {
                service.name == endpoint.service && service.namespace == endpoint.namespace
            };
            Some((view.context.services.iter().find(named)?, endpoint.port))
        })
        .collect();
    found.sort_by_key(|(service, port)| (&service.namespace, &service.name, *port));
    found.first().copied()
}
