//! EDS: which pods are behind a cluster.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::config::{Config, Rule};
use super::inputs::{Endpoint, PushContext, Service};
use super::names;
use super::visibility::has_labels;
use crate::network::Workload;
use istio::Subset;

pub(super) fn endpoints(context: &PushContext, config: &Config) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for service in &context.services {
        let rules = config.all_rules(service);
        for port in &service.ports {
            let everything = BTreeMap::new();
            let base = names::outbound(port.port, "", &service.fqdn());
            let all = assignment(context, service, port.port, &everything, &base);
            found.insert(base, all);
            for rule in &rules {
                for subset in &rule.subsets {
                    let name = subset_service_name(service, port.port, rule, subset);
                    let some = assignment(context, service, port.port, &subset.labels, &name);
                    found.insert(name, some);
                }
            }
        }
    }
    found
}

/// The EDS name of a subset. It is the cluster's name when the rule lives beside the service; a
/// rule elsewhere may mean other pods by the same subset, so its name says where it lives.
pub(super) fn subset_service_name(
    service: &Service,
    port: u16,
    rule: &Rule,
    subset: &Subset,
) -> String {
    let cluster = names::outbound(port, &subset.name, &service.fqdn());
    if rule.namespace == service.namespace {
        cluster
    } else {
        format!("{cluster}@{}", rule.namespace)
    }
}

fn assignment(
    context: &PushContext,
    service: &Service,
    port: u16,
    labels: &BTreeMap<String, String>,
    name: &str,
) -> Value {
    let mut chosen: Vec<&Endpoint> = context
        .endpoints
        .iter()
        .filter(|endpoint| {
            endpoint.service == service.name
                && endpoint.namespace == service.namespace
                && endpoint.port == port
                && has_labels(&endpoint.labels, labels)
        })
        .collect();
    // The order in which pods came must not make a difference to Envoy.
    chosen.sort_by_key(|endpoint| endpoint.address);
    chosen.dedup_by_key(|endpoint| endpoint.address);
    let chosen: Vec<Value> = chosen.into_iter().map(lb_endpoint).collect();
    json!({
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": chosen}],
    })
}

fn lb_endpoint(endpoint: &Endpoint) -> Value {
    json!({
        "endpoint": {"address": {"socket_address": {
            "address": endpoint.address.ip().to_string(),
            "port_value": endpoint.address.port(),
        }}},
        "metadata": {"filter_metadata": workload_metadata(&endpoint.workload)},
    })
}

/// Who an endpoint is, in pilot's form.
fn workload_metadata(workload: &Workload) -> Value {
    let Workload { name, namespace, canonical_name, canonical_revision, .. } = workload;
    // The last part is the cluster's id, which Istio calls so when nobody named it.
    let words = format!("{name};{namespace};{canonical_name};{canonical_revision};Kubernetes");
    json!({"istio": {"workload": words}})
}
