//! Which pods are behind a cluster.
//!
//! They stand in the cluster itself, where pilot would use EDS: Envoy opens an inotify instance for
//! each file it follows, Linux allows a user 128 of them (`fs.inotify.max_user_instances`), and
//! with a file per cluster nine pods used them up.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::config::has_labels;
use super::{Endpoint, Service, World};
use crate::local::network::Workload;

/// The ready pods of a service that have these labels.
pub(super) fn assignment(
    world: &World,
    service: &Service,
    port: u16,
    labels: &BTreeMap<String, String>,
    name: &str,
) -> Value {
    let mut chosen: Vec<&Endpoint> = world
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
