//! Which endpoints a proxy is offered: those of its clusters.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::kind::Kind;
use super::offer::Offer;
use super::target::Target;
use super::watched::Watched;

/// Offers the endpoints of these clusters, and of no others.
pub(super) fn offer_endpoints<'a>(
    watched: &mut Watched,
    target: &Target,
    clusters: impl IntoIterator<Item = (&'a String, &'a Value)>,
) {
    let services: BTreeSet<&str> = clusters.into_iter().filter_map(service).collect();
    for service in &services {
        let key = Kind::Endpoints.key(service);
        if let Some(offer) = target.endpoints.get(*service) {
            watched.offer(&key, offer);
        } else if watched.offered(&key).is_none() {
            // Envoy would wait for its endpoints.
            watched.offer(&key, &Arc::new(Offer::new([&nowhere(service)])));
        }
    }
    watched.retain(|key| key.strip_prefix("eds/").is_none_or(|service| services.contains(service)));
}

fn nowhere(service: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": service,
    })
}

/// The name under which EDS knows a cluster, if its endpoints come that way.
fn service<'a>((name, cluster): (&'a String, &'a Value)) -> Option<&'a str> {
    let service = cluster["eds_cluster_config"]["service_name"].as_str();
    (cluster["type"] == "EDS").then(|| service.unwrap_or(name))
}
