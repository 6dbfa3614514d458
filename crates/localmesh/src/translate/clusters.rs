//! CDS: one cluster for each service port and each subset of it, and one for each of the
//! application's own ports; `DestinationRule`s become their settings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::circuit_breaker::{connection_pool, outlier_detection};
use super::config::Rule;
use super::config_source::config_source;
use super::inputs::Service;
use super::view::View;
use super::{endpoints, inbound_clusters, names};
use crate::network::Protocol;
use istio::TrafficPolicy;

pub(super) fn clusters(view: &View<'_>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for service in &view.context.services {
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
        found.insert(names::inbound(port.port), inbound_clusters::inbound(view, port));
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

fn lb_policy(policy: &TrafficPolicy) -> &'static str {
    let simple = policy.load_balancer.as_ref().and_then(|lb| lb.simple.as_deref());
    match simple {
        Some("ROUND_ROBIN") => "ROUND_ROBIN",
        Some("RANDOM") => "RANDOM",
        // LEAST_CONN is its deprecated name, UNSPECIFIED and nothing mean the default.
        _ => "LEAST_REQUEST",
    }
}
