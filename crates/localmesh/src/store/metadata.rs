//! The metadata of an object: what readers rely on, and what only the server writes. Pure.

use serde_json::Value;

use super::meta;
use super::refusal::Refusal;
use crate::kinds::Kind;

/// Refuses metadata that readers could not rely on: labels and annotations that are no texts,
/// owner references without a uid.
pub(super) fn check_metadata(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
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
