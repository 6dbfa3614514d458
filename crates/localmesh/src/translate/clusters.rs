//! CDS: one cluster for each service port and each subset of it, and one for each of the
//! application's own ports; `DestinationRule`s become their settings.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::config::Rule;
use super::{PodPort, Protocol, Service, View, config_source, endpoints, names};
use istio::duration::{self, Duration};
use istio::{ConnectionPool, OutlierDetection, TrafficPolicy};

/// Pilot's "no limit".
const UNLIMITED: u32 = u32::MAX;

pub(super) fn clusters(view: &View<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for service in &view.world.services {
        let rule = view.config.rule(service, view.proxy);
        let made_from = rule
            .as_ref()
            .map(|rule| names::config("destination-rule", &rule.namespace, &rule.name));
        for port in &service.ports {
            let policy = rule.as_ref().map(|rule| rule.policy.for_port(port.port));
            let policy = policy.unwrap_or_default();
            let outbound = Outbound { view, service, made_from: &made_from };
            let base = names::outbound(port.port, "", &service.fqdn());
            let cluster = outbound.cluster(&base, &base, "", port.protocol, &policy);
            found.insert(base, cluster);
            for (name, cluster) in rule
                .iter()
                .flat_map(|rule| outbound.subsets(rule, port.port, port.protocol, &policy))
            {
                found.insert(name, cluster);
            }
        }
    }
    for port in &view.proxy.ports {
        found.insert(names::inbound(port.port), inbound(view, port));
    }
    found
}

/// What all clusters towards one service share.
struct Outbound<'a> {
    view: &'a View<'a>,
    service: &'a Service,
    made_from: &'a Option<String>,
}

// === impl Outbound ===

impl Outbound<'_> {
    fn subsets(
        &self,
        rule: &Rule,
        port: u16,
        protocol: Protocol,
        policy: &TrafficPolicy,
    ) -> Vec<(String, Value)> {
        let each = rule.subsets.iter().map(|subset| {
            let own = match &subset.traffic_policy {
                Some(own) => policy.clone().overridden_by(own, port),
                None => policy.clone(),
            };
            let name = names::outbound(port, &subset.name, &self.service.fqdn());
            let eds = endpoints::subset_service_name(self.service, port, rule, subset);
            let cluster = self.cluster(&name, &eds, &subset.name, protocol, &own);
            (name, cluster)
        });
        each.collect()
    }

    fn cluster(
        &self,
        name: &str,
        eds: &str,
        subset: &str,
        protocol: Protocol,
        policy: &TrafficPolicy,
    ) -> Value {
        let metadata = names::cluster_metadata(self.service, subset, self.made_from.clone());
        let mut cluster = json!({
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            "name": name,
            "alt_stat_name": format!("{name};"),
            "type": "EDS",
            "eds_cluster_config": {
                "service_name": eds,
                "eds_config": config_source(),
            },
            "lb_policy": lb_policy(policy),
            // The peer's sidecar knows who calls by the address the call comes from.
            "upstream_bind_config": {
                "source_address": {"address": self.view.proxy.ip.to_string(), "port_value": 0},
            },
            "metadata": metadata,
        });
        connection_pool(&mut cluster, policy.connection_pool.as_ref(), protocol);
        if let Some(outlier) = &policy.outlier_detection {
            outlier_detection(&mut cluster, outlier);
        }
        cluster
    }
}

/// The cluster towards the application itself. The connection pool of the service's
/// `DestinationRule` holds here too (pilot's `buildInboundCluster`); nothing else of it does.
fn inbound(view: &View<'_>, port: &PodPort) -> Value {
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
    if let Some((service, _)) = service {
        cluster["metadata"] = names::cluster_metadata(service, "", None);
    }
    let pool = service.and_then(|(service, port)| {
        view.config.rule(service, view.proxy)?.policy.for_port(port).connection_pool
    });
    connection_pool(&mut cluster, pool.as_ref(), port.protocol);
    cluster
}

/// The service (and the port of it) whose endpoint is reached at `reach`; of several, the first by
/// namespace and name, so that the choice does not change.
fn service_behind<'a>(view: &'a View<'_>, reach: SocketAddr) -> Option<(&'a Service, u16)> {
    let mut found: Vec<(&Service, u16)> = view
        .world
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.address == reach)
        .filter_map(|endpoint| {
            let named = |service: &&Service| {
                service.name == endpoint.service && service.namespace == endpoint.namespace
            };
            Some((view.world.services.iter().find(named)?, endpoint.port))
        })
        .collect();
    found.sort_by_key(|(service, port)| (&service.namespace, &service.name, *port));
    found.first().copied()
}

fn lb_policy(policy: &TrafficPolicy) -> &'static str {
    let simple = policy.load_balancer.as_ref().and_then(|lb| lb.simple.as_deref());
    match simple {
        Some("ROUND_ROBIN") => "ROUND_ROBIN",
        Some("RANDOM") => "RANDOM",
        // LEAST_CONN is its deprecated name, UNSPECIFIED and nothing mean the default.
        _ => "LEAST_REQUEST",
    }
}

fn connection_pool(cluster: &mut Value, pool: Option<&ConnectionPool>, protocol: Protocol) {
    let tcp = pool.and_then(|pool| pool.tcp.clone()).unwrap_or_default();
    let http = pool.and_then(|pool| pool.http.clone()).unwrap_or_default();
    // Zero is "not set" in the API's integers, so it means no limit too.
    let limit = |number: Option<i32>| {
        number.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(UNLIMITED)
    };
    cluster["circuit_breakers"] = json!({"thresholds": [{
        "max_connections": limit(tcp.max_connections),
        "max_pending_requests": limit(http.http1_max_pending_requests),
        "max_requests": limit(http.http2_max_requests),
        "max_retries": limit(http.max_retries),
        "track_remaining": false,
    }]});
    let connect = tcp.connect_timeout.as_ref().and_then(Duration::get);
    cluster["connect_timeout"] = json!(connect.map_or_else(|| "10s".to_owned(), duration::proto));
    let mut common = json!({});
    if let Some(max) = http.max_requests_per_connection.filter(|max| *max > 0) {
        common["max_requests_per_connection"] = json!(max);
    }
    if let Some(idle) = http.idle_timeout.as_ref().and_then(Duration::get) {
        common["idle_timeout"] = json!(duration::proto(idle));
    }
    if let Some(max) = tcp.max_connection_duration.as_ref().and_then(Duration::get) {
        common["max_connection_duration"] = json!(duration::proto(max));
    }
    let options = match protocol {
        Protocol::Http => json!({
            "@type": HTTP_OPTIONS,
            "common_http_protocol_options": common,
            "explicit_http_config": {"http_protocol_options": {}},
        }),
        Protocol::Tcp => return,
    };
    cluster["typed_extension_protocol_options"] =
        json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options});
}

const HTTP_OPTIONS: &str =
    "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// `consecutiveErrors` is not looked at: pilot ignores it since Istio 1.7.
fn outlier_detection(cluster: &mut Value, outlier: &OutlierDetection) {
    let mut out = json!({"enforcing_success_rate": 0});
    if let Some(number) = outlier.consecutive_5xx_errors {
        out["consecutive_5xx"] = json!(number);
        out["enforcing_consecutive_5xx"] = json!(enforcing(number));
    }
    if let Some(number) = outlier.consecutive_gateway_errors {
        out["consecutive_gateway_failure"] = json!(number);
        out["enforcing_consecutive_gateway_failure"] = json!(enforcing(number));
    }
    for (field, text) in
        [("interval", &outlier.interval), ("base_ejection_time", &outlier.base_ejection_time)]
    {
        if let Some(time) = text.as_ref().and_then(Duration::get) {
            out[field] = json!(duration::proto(time));
        }
    }
    if let Some(percent) = outlier.max_ejection_percent.filter(|percent| *percent > 0) {
        out["max_ejection_percent"] = json!(percent);
    }
    if *outlier.split_external_local_origin_errors {
        out["split_external_local_origin_errors"] = json!(true);
        if let Some(number) = outlier.consecutive_local_origin_failures {
            out["consecutive_local_origin_failure"] = json!(number);
            out["enforcing_consecutive_local_origin_failure"] = json!(enforcing(number));
        }
        out["enforcing_local_origin_success_rate"] = json!(0);
    }
    cluster["outlier_detection"] = out;
    let panic = outlier.min_health_percent.unwrap_or(0);
    cluster["common_lb_config"] = json!({"healthy_panic_threshold": {"value": panic}});
}

/// A limit of zero switches its detector off.
fn enforcing(number: u32) -> u32 {
    if number == 0 { 0 } else { 100 }
}
