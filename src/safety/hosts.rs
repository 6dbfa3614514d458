//! Which hosts an object of Istio's is about, however it spells them. Pure.

use serde_json::Value;

/// The hosts that an object is about.
pub(crate) fn hosts(object: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match object["kind"].as_str() {
        Some("VirtualService") => {
            object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(text).collect()
        }
        _ => text(&object["spec"]["host"]).into_iter().collect(),
    }
}

/// A host as the mesh knows it, when it is spelled as a service's name alone.
pub(crate) fn qualified(host: &str, namespace: &str) -> String {
    match host.contains('.') || host.contains('*') {
        true => host.to_owned(),
        false => format!("{host}.{namespace}.svc.cluster.local"),
    }
}

/// Whether an object is about this fully qualified host, however it spells it.
pub(crate) fn concerns(object: &Value, host: &str) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    hosts(object).iter().any(|spelled| {
        spelled == host
            || format!("{spelled}.svc.cluster.local") == host
            || format!("{spelled}.cluster.local") == host
            || format!("{spelled}.{namespace}.svc.cluster.local") == host
    })
}
