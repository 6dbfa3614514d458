//! The names pilot gives to what it tells Envoy, and the metadata that telemetry reads back.

use serde_json::{Value, json};

use super::inputs::Service;
use istio::Metadata;

/// A cluster towards a service's pods (pilot's `BuildSubsetKey`).
pub(super) fn outbound(port: u16, subset: &str, fqdn: &str) -> String {
    format!("outbound|{port}|{subset}|{fqdn}")
}

/// The cluster towards the proxy's own application.
pub(super) fn inbound(port: u16) -> String {
    format!("inbound|{port}||")
}

/// How Istio's metadata names the object that something was made from.
pub(super) fn config(kind: &str, namespace: &str, name: &str) -> String {
    format!("/apis/networking.istio.io/v1/namespaces/{namespace}/{kind}/{name}")
}

/// The metadata of what was made from one object.
pub(super) fn config_metadata(kind: &str, object: &Metadata) -> Value {
    let config = config(kind, &object.namespace, &object.name);
    json!({"filter_metadata": {"istio": {"config": config}}})
}

/// A cluster's metadata: which service (and subset) it is, and the object that shaped it.
pub(super) fn cluster_metadata(service: &Service, subset: &str, rule: Option<String>) -> Value {
    let host = service.fqdn();
    let mut istio = json!({
        "services": [{"host": host, "name": service.name, "namespace": service.namespace}],
    });
    if !subset.is_empty() {
        istio["subset"] = json!(subset);
    }
    if let Some(rule) = rule {
        istio["config"] = json!(rule);
    }
    json!({"filter_metadata": {"istio": istio}})
}
