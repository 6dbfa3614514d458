//! istiod's `/debug/configz`: Istio's objects as the control plane knows them, in the shape of
//! Kubernetes' objects (`crd.ConvertConfig`). Pure.

use serde_json::{Value, json};

use crate::store::Object;

/// What istiod keeps of an object's metadata.
const METADATA: [&str; 8] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "labels",
    "annotations",
];

/// An object as the page shows it.
#[must_use]
pub(super) fn config(object: &Object) -> Value {
    let mut metadata = json!({});
    for field in METADATA {
        if let Some(value) = object["metadata"].get(field) {
            metadata[field] = value.clone();
        }
    }
    let mut shown = json!({
        "kind": object["kind"],
        "apiVersion": object["apiVersion"],
        "metadata": metadata,
        "spec": object["spec"],
    });
    if object["status"].as_object().is_some_and(|status| !status.is_empty()) {
        shown["status"] = object["status"].clone();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_shown_without_what_istiod_does_not_keep() {
        let shown = json!({
            "kind": "VirtualService",
            "apiVersion": "networking.istio.io/v1",
            "metadata": {"name": "v", "namespace": "a", "resourceVersion": "17", "generation": 2},
            "spec": {"hosts": ["v"]},
        });
        let mut stored = shown.clone();
        stored["metadata"]["managedFields"] = json!([]);
        stored["metadata"]["finalizers"] = json!(["x"]);
        stored["status"] = json!({});
        assert_eq!(config(&stored), shown);
        stored["status"] = json!({"observedGeneration": 2});
        assert_eq!(config(&stored)["status"], stored["status"]);
    }
}
