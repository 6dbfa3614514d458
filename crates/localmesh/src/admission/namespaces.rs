//! Namespaces: what they get, what may be made in them, and which stay. Pure.

use serde_json::{Value, json};

use super::request::Request;
use crate::kinds::{self, Kind};
use crate::store::{Refusal, meta};

/// Whether an object may be deleted at all.
pub(in super::super) fn admit_delete(kind: &'static Kind, name: &str) -> Result<(), Refusal> {
    if kind == &kinds::NAMESPACE && matches!(name, "default" | "kube-system") {
        return Err(Refusal::forbidden(kind, name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// Refuses a new object where nothing can be made.
pub(super) fn check(request: &Request<'_>, object: &Value) -> Result<(), Refusal> {
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

/// The labels of a namespace.
pub(super) fn labels(request: &Request<'_>, namespace: &str) -> Value {
    let namespace = request.store.get(&kinds::NAMESPACE, "", namespace);
    namespace.map_or(Value::Null, |namespace| namespace["metadata"]["labels"].clone())
}

/// Fills in what every namespace has.
pub(super) fn default(stored: Option<&Value>, object: &mut Value) {
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
