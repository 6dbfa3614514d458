//! What a scenario wants, laid over what is there (`istio::merge`), and whose an object is. Pure.

use istio::Object;
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Tools that put their own version back as soon as they see ours, by the domain of their labels,
/// annotations and kinds.
const MANAGERS: &[(&str, &str)] = &[
    ("argoproj.io", "Argo CD or Argo Rollouts"),
    ("fluxcd.io", "Flux"),
    ("flagger.app", "Flagger"),
];

/// The `spec` of an existing object with the scenario's laid over it. One that cannot be read is
/// not changed.
pub(crate) fn overlay(kind: &str, there: &Value, ours: &Value) -> Result<Value> {
    let refused = |cause: String| {
        Error::runner(format!("changing the {kind} that the host has"), cause)
            .hint(format!("use a host with a {kind} of its own, or remove this one for the test"))
    };
    let typed = |spec: &Value| {
        let object = Object::parse(&json!({"kind": kind, "spec": spec}));
        object.map_err(|cause| refused(format!("it cannot be read: {cause}")))
    };
    let merged = istio::merge(&typed(there)?, &typed(ours)?);
    let mut merged = merged.map_err(|cause| refused(cause.to_string()))?.to_value();
    Ok(merged["spec"].take())
}

/// What a fault switches off in an object with this `spec`: what is written by hand `check` refuses
/// for it (Istio promises neither timeouts nor retries beside a fault), and here it is somebody
/// else's.
pub(crate) fn doubts(there: &Value, spec: &Value) -> Vec<String> {
    let mut object = there.clone();
    object["spec"] = spec.clone();
    let object = Object::parse(&object);
    let found = object.iter().flat_map(istio::faults_beside);
    found.map(|finding| finding.to_string()).collect()
}

/// Who keeps this object as it is, by its labels, annotations and owners.
pub(crate) fn manager(object: &Value) -> Option<String> {
    let of_domain = |domain: &str| {
        let found = MANAGERS.iter().find(|(managed, _)| {
            domain.strip_suffix(managed).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        found.map(|(_, name)| *name)
    };
    for map in ["/metadata/labels", "/metadata/annotations"] {
        for (key, value) in object.pointer(map).and_then(Value::as_object).into_iter().flatten() {
            let domain = key.split_once('/').map_or("", |(domain, _)| domain);
            if let Some(name) = of_domain(domain) {
                return Some(format!("{name} ({key})"));
            }
            if key == "app.kubernetes.io/managed-by" && value == "flagger" {
                return Some("Flagger".to_owned());
            }
        }
    }
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().find_map(|owner| {
        let group = owner["apiVersion"].as_str()?.split('/').next()?;
        let (kind, name) = (owner["kind"].as_str()?, owner["name"].as_str()?);
        let known = of_domain(group).map(str::to_owned);
        let controller = owner["controller"] == true;
        known.or_else(|| controller.then(|| format!("{kind} {name}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_beside_somebody_elses_timeout_is_a_doubt() {
        let there = json!({"kind": "VirtualService", "metadata": {"name": "a", "namespace": "b"},
            "spec": {"hosts": ["a"], "http": [
                {"timeout": "4s", "route": [{"destination": {"host": "a"}}]}]}});
        assert_eq!(doubts(&there, &there["spec"]), [] as [&str; 0]);
        let delay = json!({"delay": {"fixedDelay": "2s", "percentage": {"value": 100}}});
        let ours = json!({"hosts": ["a"], "http": [
            {"fault": delay, "route": [{"destination": {"host": "a"}}]}]});
        let spec = overlay("VirtualService", &there["spec"], &ours).unwrap();
        let [doubt] = &doubts(&there, &spec)[..] else { panic!("{spec}") };
        let said = "VirtualService b/a: spec.http[0].timeout: timeout and fault on one rule";
        assert!(doubt.starts_with(said), "{doubt}");
    }

    #[test]
    fn managers_are_known_by_their_marks() {
        let with = |metadata: Value| json!({"metadata": metadata});
        for (metadata, who) in [
            (json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}), "Argo CD"),
            (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}), "Flux"),
            (json!({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}), "Flux"),
            (json!({"annotations": {"argo-rollouts.argoproj.io/managed": "x"}}), "Argo Rollouts"),
            (
                json!({"ownerReferences": [
                    {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "x"}
                ]}),
                "Flagger",
            ),
            (
                json!({"ownerReferences": [{
                    "apiVersion": "example.org/v1", "kind": "Route", "name": "x", "controller": true
                }]}),
                "Route x",
            ),
        ] {
            let found = manager(&with(metadata)).unwrap();
            assert!(found.contains(who), "{found}");
        }
        let kiali = json!({"labels": {"kiali_wizard": "x", "notargoproj.io/y": "z"}});
        assert_eq!(manager(&with(kiali)), None);
    }
}
