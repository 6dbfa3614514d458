//! The pod's own fields as its containers may ask for them (the downward API). Pure.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::config::NODE;

/// What the pod's own fields are.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    /// The pod object.
    pub(super) pod: &'a Value,
    /// Its address.
    pub(super) ip: Ipv4Addr,
}

/// One of the pod's own fields by its path.
pub(super) fn field(path: &Value, facts: Facts<'_>) -> Result<String, String> {
    let path = text(path);
    let metadata = &facts.pod["metadata"];
    let quoted = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?.strip_prefix("['")?;
        rest.strip_suffix("']").map(str::to_owned)
    };
    if let Some(label) = quoted("metadata.labels") {
        return Ok(text(&metadata["labels"][label]).to_owned());
    }
    if let Some(annotation) = quoted("metadata.annotations") {
        return Ok(text(&metadata["annotations"][annotation]).to_owned());
    }
    match path {
        "metadata.name" => Ok(text(&metadata["name"]).to_owned()),
        "metadata.namespace" => Ok(text(&metadata["namespace"]).to_owned()),
        "metadata.uid" => Ok(text(&metadata["uid"]).to_owned()),
        "spec.nodeName" => Ok(NODE.to_owned()),
        "spec.serviceAccountName" => {
            let account = facts.pod["spec"]["serviceAccountName"].as_str();
            Ok(account.unwrap_or("default").to_owned())
        }
        "status.podIP" | "status.podIPs" => Ok(facts.ip.to_string()),
        "status.hostIP" | "status.hostIPs" => Ok(Ipv4Addr::LOCALHOST.to_string()),
        _ => Err(format!("the local kubelet cannot give the field `{path}` to a container")),
    }
}

/// A text; nothing else counts.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
