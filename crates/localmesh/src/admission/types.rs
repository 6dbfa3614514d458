//! The types of an object's fields, as k8s-openapi has them. Pure.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::store::{Refusal, api_version};

/// Refuses fields of the wrong type, as decoding them would in a real API server; whoever reads a
/// stored object can rely on it. Istio's kinds have a check of their own.
pub(super) fn check(kind: &'static Kind, object: &Value) -> Result<(), Refusal> {
    use k8s_openapi::api::{
        apps::v1 as apps, batch::v1 as batch, coordination::v1 as coordination,
    };
    use k8s_openapi::api::{core::v1 as core, discovery::v1 as discovery, rbac::v1 as rbac};
    // The decoder checks these two against its own; they are set by the store anyway.
    let mut object = object.clone();
    object["apiVersion"] = json!(api_version(kind));
    object["kind"] = json!(kind.kind);
    let decoded = match (kind.group, kind.kind) {
        ("", "Namespace") => decode::<core::Namespace>(object),
        ("", "Pod") => decode::<core::Pod>(object),
        ("", "Service") => decode::<core::Service>(object),
        ("", "ServiceAccount") => decode::<core::ServiceAccount>(object),
        ("", "Secret") => decode::<core::Secret>(object),
        ("", "ConfigMap") => decode::<core::ConfigMap>(object),
        ("", "Event") => decode::<core::Event>(object),
        ("discovery.k8s.io", "EndpointSlice") => decode::<discovery::EndpointSlice>(object),
        ("apps", "Deployment") => decode::<apps::Deployment>(object),
        ("apps", "ReplicaSet") => decode::<apps::ReplicaSet>(object),
        ("batch", "Job") => decode::<batch::Job>(object),
        ("coordination.k8s.io", "Lease") => decode::<coordination::Lease>(object),
        ("rbac.authorization.k8s.io", "Role") => decode::<rbac::Role>(object),
        ("rbac.authorization.k8s.io", "RoleBinding") => decode::<rbac::RoleBinding>(object),
        _ => Ok(()),
    };
    decoded.map_err(|error| {
        let (version, kind) = (kind.versions[0], kind.kind);
        Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"
        ))
    })
}

fn decode<T: DeserializeOwned>(object: Value) -> Result<(), serde_json::Error> {
    serde_json::from_value::<T>(object).map(|_| ())
}
