//! What the server decides about a new object, whatever its kind. Pure.

use serde_json::{Value, json};

use super::metadata::check_metadata;
use super::parts::has_generation;
use super::refusal::{Refusal, resource};
use super::types::{Stamp, api_version};
use super::{meta, names};
use crate::kinds::Kind;

/// The largest object: what etcd takes. A larger one would only be a mistake or an attack.
pub(super) const OBJECT_BYTES_MAX: usize = 1_500_000;

/// Fills in what the server decides about a new object, and checks its name.
pub(super) fn prepare(kind: &Kind, object: &mut Value, stamp: &Stamp) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    if !matches!(object.get("metadata"), None | Some(Value::Null | Value::Object(_))) {
        return Err(Refusal::bad_request("metadata is not a JSON object"));
    }
    if !meta::text(object, "/metadata/resourceVersion").is_empty() {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Refusal::bad_request(message));
    }
    let mut name = meta::name(object).to_owned();
    if name.is_empty() {
        let prefix = meta::text(object, "/metadata/generateName");
        if !prefix.is_empty() {
            name = format!("{prefix}{}", stamp.suffix);
        }
    }
    names::check(kind, &name)?;
    check_metadata(kind, &name, object)?;
    let namespace = meta::namespace(object).to_owned();
    if kind.namespaced && namespace.is_empty() {
        return Err(Refusal::bad_request("an empty namespace may not be set during creation"));
    }
    check_size(kind, &name, object)?;
    object["apiVersion"] = json!(api_version(kind));
    object["kind"] = json!(kind.kind);
    let metadata = meta::metadata(object);
    // `null` is how clients write what they leave out.
    metadata.retain(|_, value| !value.is_null());
    for decided in [
        "managedFields",
        "selfLink",
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ] {
        metadata.shift_remove(decided);
    }
    if !kind.namespaced {
        metadata.shift_remove("namespace");
    }
    metadata.insert("name".to_owned(), json!(name));
    metadata.insert("uid".to_owned(), json!(stamp.uid));
    metadata.insert("creationTimestamp".to_owned(), json!(stamp.time));
    if has_generation(kind) {
        metadata.insert("generation".to_owned(), json!(1));
    }
    Ok(())
}

/// Refuses an object that is too large.
pub(super) fn check_size(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let size = object.to_string().len();
    if size <= OBJECT_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "{} \"{name}\": request is too large: {size} bytes, at most {OBJECT_BYTES_MAX}",
        resource(kind)
    );
    Err(Refusal::new(413, "RequestEntityTooLarge", message))
}
