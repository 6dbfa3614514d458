//! Who obeys an object: the pods that see it, and the calls that its conditions are for. An object
//! that our load never meets proves nothing.

use std::collections::BTreeMap;

use super::finding::Findings;
use super::surroundings::{Caller, Surroundings};
use crate::destination_rule::DestinationRule;
use crate::host::resolve;
use crate::http_route::HttpRoute;

/// Where Istio looks last for a host's `DestinationRule`s, if nobody configured it otherwise.
const ROOT: &str = "istio-system";

/// Namespaces of the application in which an object is not seen.
pub(super) fn exported(
    to: &[String],
    namespace: &str,
    around: &Surroundings,
    found: &mut Findings,
) {
    let sees = |name: &str| {
        to.iter().any(|to| to == "*" || to == name || (to == "." && name == namespace))
    };
    let blind: Vec<&str> = around.namespaces().into_iter().filter(|name| !sees(name)).collect();
    if !to.is_empty() && !blind.is_empty() {
        let message = format!("pods in {} do not see this object", blind.join(", "));
        found.warning_at("spec.exportTo", message);
    }
}

/// Whether callers find this rule at all, and whether its subsets have pods.
pub(super) fn destination_rule(
    rule: &DestinationRule,
    around: &Surroundings,
    found: &mut Findings,
) {
    let namespace = rule.metadata.namespace.as_str();
    exported(&rule.spec.export_to, namespace, around, found);
    let Some(service) = around.service(&resolve(&rule.spec.host, namespace)) else { return };
    // Pilot's `PushContext.destinationRule`: a caller's own namespace, then the service's, then
    // Istio's root.
    if namespace != service.namespace && namespace != ROOT {
        let message = format!(
            "only pods in {namespace} obey it: for others Istio looks in {}, where the service is",
            service.namespace
        );
        found.warning_at("metadata.namespace", message);
    }
    for (index, subset) in rule.spec.subsets.iter().enumerate() {
        let Some(version) = subset.labels.get("version") else { continue };
        if !service.versions.is_empty() && !service.versions.contains(version) {
            let message = format!(
                "{} has no version {version} in the application's description (it has: {}); a \
                 subset without pods answers 503 UH",
                service.name,
                service.versions.join(", ")
            );
            found.warning_at(format!("spec.subsets[{index}].labels.version"), message);
        }
    }
}

/// Whether a pod from which load is sent can meet a rule's conditions about the caller.
pub(super) fn callers(route: &HttpRoute, path: &str, around: &Surroundings, found: &mut Findings) {
    for (index, block) in route.matches.iter().enumerate() {
        let path = format!("{path}.match[{index}]");
        let is = |caller: &&Caller| {
            let namespace = block.source_namespace.as_str();
            let labels: &BTreeMap<_, _> = &block.source_labels;
            (namespace.is_empty() || namespace == caller.namespace)
                && labels.iter().all(|(key, value)| caller.labels.get(key) == Some(value))
        };
        // Labels that some have are not what does not fit.
        let labelled = |caller: &Caller| {
            let labels: &BTreeMap<_, _> = &block.source_labels;
            labels.iter().all(|(key, value)| caller.labels.get(key) == Some(value))
        };
        let labels = !around.callers.iter().any(labelled);
        if around.callers.iter().any(|caller| is(&caller)) || around.callers.is_empty() {
            continue;
        }
        let (field, what) = match labels {
            true => ("sourceLabels", "these labels"),
            false if block.source_namespace.is_empty() => continue,
            false if block.source_labels.is_empty() => ("sourceNamespace", "this namespace"),
            false => ("sourceNamespace", "this namespace and has these labels"),
        };
        // A service of the application may well call with them.
        let app = block.source_labels.get("app");
        if app.is_some_and(|app| around.services.iter().any(|service| service.name == *app)) {
            continue;
        }
        let callers = around.callers.iter().filter(|caller| labels || labelled(caller));
        let known = callers.map(|caller| match labels {
            true => words(&caller.labels, &block.source_labels),
            false => caller.namespace.clone(),
        });
        let mut known: Vec<String> = known.collect();
        known.sort();
        known.dedup();
        let message = format!(
            "no pod that sends load is of {what} (they are: {}): only what the application itself \
             sends can meet this condition",
            known.join("; ")
        );
        found.warning_at(format!("{path}.{field}"), message);
    }
}

/// What pods have of the labels that are asked for.
fn words(labels: &BTreeMap<String, String>, asked: &BTreeMap<String, String>) -> String {
    let each = asked.keys().map(|key| match labels.get(key) {
        Some(value) => format!("{key}={value}"),
        None => format!("without {key}"),
    });
    each.collect::<Vec<_>>().join(",")
}
