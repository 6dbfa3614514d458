//! What istiod's webhook objects to in a `DestinationRule`, and what it only warns of
//! (`ValidateDestinationRule` in `pkg/config/validation/validation.go`).

use std::collections::HashSet;

use super::names::{export_to, pod_labels, subset_name, wildcard_domain};
use super::node::Node;
use super::traffic_policy::traffic_policy;
use crate::review::Review;

/// Reviews an object whose fields all fit the schema.
pub(crate) fn destination_rule(spec: &Node<'_>, namespace: &str, review: &mut Review) {
    if let Err(cause) = wildcard_domain(spec.text("host")) {
        review.error(spec.at("host"), cause);
    }
    if let Some(policy) = spec.get("trafficPolicy") {
        traffic_policy(&policy, namespace, review);
    }
    let subsets = spec.items("subsets");
    let mut names = HashSet::new();
    for subset in &subsets {
        let name = subset.text("name");
        if !names.insert(name) {
            review.error(subset.at("name"), format_args!("duplicate subset name {name:?}"));
        }
        subset_name(&subset.at("name"), review);
        pod_labels(subset, "labels", review);
        if !subset.any("labels") {
            review.warn(subset, "has no labels: it is the whole service");
        }
        if let Some(policy) = subset.get("trafficPolicy") {
            traffic_policy(&policy, namespace, review);
        }
    }
    export_to(spec, namespace, spec.has("workloadSelector"), review);
    if let Some(selector) = spec.get("workloadSelector")
        && !selector.any("matchLabels")
    {
        review.warn(selector, "workload selector specified without labels");
    }
}
