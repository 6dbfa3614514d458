//! What the server decides about every object, whatever its kind: its metadata, its identity, and
//! which part a write may change. Pure.

use serde_json::{Value, json};

use super::super::kinds::Kind;
use super::{Part, Refusal, Stamp, api_version, has_generation, has_status, meta, names, resource};

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

/// Refuses metadata that readers could not rely on: labels and annotations that are no texts,
/// owner references without a uid.
fn check_metadata(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    for field in ["labels", "annotations"] {
        let ok = match &object["metadata"][field] {
            Value::Null => true,
            Value::Object(entries) => entries.values().all(Value::is_string),
            _ => false,
        };
        if !ok {
            let cause = "Invalid value: must be a map of texts";
            return Err(Refusal::invalid(kind, name, &format!("metadata.{field}"), cause));
        }
    }
    for field in ["finalizers", "ownerReferences"] {
        if !matches!(&object["metadata"][field], Value::Null | Value::Array(_)) {
            let cause = "Invalid value: must be a list";
            return Err(Refusal::invalid(kind, name, &format!("metadata.{field}"), cause));
        }
    }
    if !meta::list(object, "/metadata/finalizers").iter().all(Value::is_string) {
        let cause = "Invalid value: must be a list of texts";
        return Err(Refusal::invalid(kind, name, "metadata.finalizers", cause));
    }
    for (i, owner) in meta::list(object, "/metadata/ownerReferences").iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if meta::text(owner, &format!("/{field}")).is_empty() {
                let field = format!("metadata.ownerReferences[{i}].{field}");
                let cause = format!("Invalid value: \"\": {} must not be empty", &field[9..]);
                return Err(Refusal::invalid(kind, name, &field, cause));
            }
        }
    }
    Ok(())
}

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

/// A changed object has to be the same object, at the version that is stored.
pub(super) fn check_identity(kind: &Kind, stored: &Value, changed: &Value) -> Result<(), Refusal> {
    if !changed.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    let name = meta::name(stored);
    for (field, mine) in [("name", name), ("namespace", meta::namespace(stored))] {
        let theirs = meta::text(changed, &format!("/metadata/{field}"));
        if !theirs.is_empty() && theirs != mine {
            return Err(Refusal::bad_request(format!(
                "the {field} of the object ({theirs}) does not match the {field} on the URL \
                 ({mine})"
            )));
        }
    }
    let uid = meta::uid(changed);
    if !uid.is_empty() && uid != meta::uid(stored) {
        return Err(uid_conflict(kind, stored, uid));
    }
    let version = meta::text(changed, "/metadata/resourceVersion");
    if !version.is_empty() && version != meta::text(stored, "/metadata/resourceVersion") {
        return Err(Refusal::stale(kind, name));
    }
    check_metadata(kind, name, changed)
}

pub(super) fn uid_conflict(kind: &Kind, stored: &Value, wanted: &str) -> Refusal {
    let cause = format!(
        "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
        meta::uid(stored)
    );
    Refusal::conflict(kind, meta::name(stored), cause)
}

/// Takes from `changed` what this write may change, the rest from `stored`.
pub(super) fn keep_other_part(
    kind: &Kind,
    stored: &Value,
    part: Part,
    mut changed: Value,
) -> Value {
    if !has_status(kind) {
        return changed;
    }
    match part {
        Part::Spec => {
            set_or_remove(&mut changed, "status", stored.get("status"));
            changed
        }
        Part::Status => {
            let mut object = stored.clone();
            set_or_remove(&mut object, "status", changed.get("status"));
            object
        }
    }
}

fn set_or_remove(object: &mut Value, field: &str, value: Option<&Value>) {
    let Some(fields) = object.as_object_mut() else { return };
    match value {
        Some(value) => {
            fields.insert(field.to_owned(), value.clone());
        }
        None => {
            fields.shift_remove(field);
        }
    }
}

/// Puts back the metadata that only the server writes; all of it for a status.
pub(super) fn keep_metadata(stored: &Value, object: &mut Value, all: bool) {
    if all {
        object["metadata"] = stored["metadata"].clone();
        return;
    }
    let metadata = meta::metadata(object);
    metadata.retain(|_, value| !value.is_null());
    metadata.shift_remove("managedFields");
    metadata.shift_remove("selfLink");
    for field in [
        "name",
        "namespace",
        "generateName",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match stored["metadata"].get(field) {
            Some(value) => {
                metadata.insert(field.to_owned(), value.clone());
            }
            None => {
                metadata.shift_remove(field);
            }
        }
    }
}

pub(super) fn same_spec(a: &Value, b: &Value) -> bool {
    let spec = |object: &Value| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("metadata");
            fields.shift_remove("status");
        }
        object
    };
    spec(a) == spec(b)
}
