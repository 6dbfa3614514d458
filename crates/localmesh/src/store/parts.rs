//! The parts of an object that are written apart: `status`, and everything else. Pure.

use serde_json::Value;

use super::types::Part;
use crate::kinds::{self, Kind};

/// Kinds whose `status` is written by its own way only.
pub(super) fn has_status(kind: &Kind) -> bool {
    kind.subresources.contains(&"status")
}

/// Kinds whose controllers tell by `metadata.generation` which spec they have seen.
pub(super) fn has_generation(kind: &Kind) -> bool {
    has_status(kind) && kind != &kinds::NAMESPACE && kind != &kinds::SERVICE
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

/// Whether two objects are the same but for metadata and status.
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
