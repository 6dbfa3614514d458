//! What happens to an object between a request and the store, whoever makes it: its namespace is
//! checked, Kubernetes' defaults are filled in, its own rules are checked, and Istio's two webhooks
//! (injection, validation) have their say. Pure.

mod pods;
mod roles;
mod services;
mod workloads;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::injection;
use super::kinds::{self, Kind};
use super::store::{Refusal, Stamp, Store, meta};
pub(super) use workloads::{encoded, fnv, selects};

/// One write on its way to the store.
pub(super) struct Request<'a> {
    /// Everything that is there already.
    pub(super) store: &'a Store,
    /// The object's kind.
    pub(super) kind: &'static Kind,
    /// What is replaced; `None` for a new object.
    pub(super) stored: Option<&'a Value>,
    /// The uid a new object will have, and the time.
    pub(super) stamp: &'a Stamp,
    /// Refuse unknown fields instead of pruning them.
    pub(super) strict: bool,
}

/// The object as it is to be stored, or why it is refused.
pub(super) fn admit(request: &Request<'_>, mut object: Value) -> Result<Value, Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    if request.stored.is_none() && request.kind.namespaced {
        check_namespace(request, &object)?;
    }
    check_types(request.kind, &object)?;
    if request.stored.is_none() && request.kind.subresources.contains(&"status") {
        // Nobody but a controller says how an object is.
        object.as_object_mut().and_then(|fields| fields.shift_remove("status"));
    }
    if is(request, &kinds::NAMESPACE) {
        default_namespace(request.stored, &mut object);
    } else if is(request, &kinds::SERVICE) {
        services::admit(request, &mut object)?;
    } else if is(request, &kinds::POD) {
        if request.stored.is_none() {
            let labels = namespace_labels(request, meta::namespace(&object));
            object = injection::inject(object, &labels);
        }
        pods::admit(request, &mut object)?;
    } else if is(request, &kinds::DEPLOYMENT) {
        workloads::admit_deployment(request, &mut object)?;
    } else if is(request, &kinds::REPLICA_SET) {
        workloads::admit_replica_set(request, &mut object)?;
    } else if is(request, &kinds::JOB) {
        workloads::admit_job(request, &mut object)?;
    } else if is(request, &kinds::SECRET) {
        admit_secret(request, &mut object)?;
    } else if is(request, &kinds::ROLE) {
        roles::admit_role(request, &object)?;
    } else if is(request, &kinds::ROLE_BINDING) {
        roles::admit_binding(request, &mut object)?;
    } else if is(request, &kinds::VIRTUAL_SERVICE) || is(request, &kinds::DESTINATION_RULE) {
        object = admit_istio(request, &object)?;
    }
    Ok(object)
}

/// Whether an object may be deleted at all.
pub(super) fn admit_delete(kind: &'static Kind, name: &str) -> Result<(), Refusal> {
    if kind == &kinds::NAMESPACE && matches!(name, "default" | "kube-system") {
        return Err(Refusal::forbidden(kind, name, "this namespace may not be deleted"));
    }
    Ok(())
}

fn is(request: &Request<'_>, kind: &'static Kind) -> bool {
    request.kind == kind
}

/// A refusal of one field of the object of this request.
fn invalid(request: &Request<'_>, object: &Value, field: &str, cause: &str) -> Refusal {
    Refusal::invalid(request.kind, meta::name(object), field, cause)
}

fn namespace_labels(request: &Request<'_>, namespace: &str) -> Value {
    let namespace = request.store.get(&kinds::NAMESPACE, "", namespace);
    namespace.map_or(Value::Null, |namespace| namespace["metadata"]["labels"].clone())
}

fn check_namespace(request: &Request<'_>, object: &Value) -> Result<(), Refusal> {
    let name = meta::namespace(object);
    if name.is_empty() {
        let message = "an empty namespace may not be set during creation";
        return Err(Refusal::bad_request(message));
    }
    let Some(namespace) = request.store.get(&kinds::NAMESPACE, "", name) else {
        return Err(Refusal::not_found(&kinds::NAMESPACE, name));
    };
    if !meta::is_terminating(&namespace) {
        return Ok(());
    }
    let cause =
        format!("unable to create new content in namespace {name} because it is being terminated");
    Err(Refusal::forbidden(request.kind, meta::name(object), cause).caused_by(
        "NamespaceTerminating",
        &format!("namespace {name} is being terminated"),
        "metadata.namespace",
    ))
}

/// Refuses fields of the wrong type, as decoding them would in a real API server; whoever reads a
/// stored object can rely on it. Istio's kinds have a check of their own.
fn check_types(kind: &'static Kind, object: &Value) -> Result<(), Refusal> {
    use k8s_openapi::api::{
        apps::v1 as apps, batch::v1 as batch, coordination::v1 as coordination,
    };
    use k8s_openapi::api::{core::v1 as core, discovery::v1 as discovery, rbac::v1 as rbac};
    // The decoder checks these two against its own; they are set by the store anyway.
    let mut object = object.clone();
    object["apiVersion"] = json!(super::store::api_version(kind));
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

fn default_namespace(stored: Option<&Value>, object: &mut Value) {
    let name = json!(meta::name(object));
    if let Some(stored) = stored {
        // Only the namespace controller takes this finalizer away, by its own way.
        object["spec"] = stored["spec"].clone();
    } else {
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
    }
    let metadata = &mut object["metadata"];
    meta::child(metadata, "labels").insert("kubernetes.io/metadata.name".to_owned(), name);
}

fn admit_secret(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let texts = object.as_object_mut().and_then(|fields| fields.shift_remove("stringData"));
    if let Some(Value::Object(texts)) = texts {
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default().as_bytes().to_vec();
            let encoded = json!(k8s_openapi::ByteString(bytes));
            meta::child(object, "data").insert(key, encoded);
        }
    }
    if meta::text(object, "/type").is_empty() {
        object["type"] = json!("Opaque");
    }
    if let Some(stored) = request.stored
        && stored["immutable"] == json!(true)
        && stored["data"] != object["data"]
    {
        let cause = "Forbidden: field is immutable when `immutable` is set";
        return Err(invalid(request, object, "data", cause));
    }
    Ok(())
}

/// What istiod's webhook and the CRDs' schemas would say.
fn admit_istio(request: &Request<'_>, object: &Value) -> Result<Value, Refusal> {
    let stored_is_same = request.stored.is_some_and(|stored| stored["spec"] == object["spec"]);
    if stored_is_same {
        // Labels, annotations and finalizers can always be changed: an object must stay
        // deletable even if the rules have become stricter.
        return Ok(object.clone());
    }
    // Who refuses it, the schema or the webhook, is part of what it says.
    let admitted = istio::admit(request.kind.kind, object, request.strict);
    let (object, _warnings) = admitted.map_err(Refusal::bad_request)?;
    Ok(object)
}

#[cfg(test)]
mod tests;
