//! JSON patches (RFC 6902) with their conditions, and what is said of somebody else's edit. Pure.

use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation};
use serde_json::Value;

use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::safety::compare::{differences, same};

pub(crate) fn patch_of(operations: Value, name: &ObjectRef) -> Result<json_patch::Patch> {
    serde_json::from_value(operations)
        .map_err(|cause| Error::runner(format!("changing {name}"), cause))
}

/// Somebody else's edit is never overwritten.
pub(crate) fn conflict(name: &ObjectRef, wrote: &Value, now: &Value) -> Result<()> {
    if same(wrote, now) {
        return Ok(());
    }
    let lines = differences(wrote, now).join("; ");
    Err(Error::runner(
        format!("changing {name}"),
        format!("somebody else changed it: spec.{lines}"),
    )
    .hint("two hands on one object test nothing; what was there before the run keeps their edit"))
}

pub(crate) fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A key as a JSON pointer writes it (RFC 6901).
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

pub(crate) fn pointer(path: &str) -> json_patch::jsonptr::PointerBuf {
    // All paths here begin with a slash and are escaped.
    json_patch::jsonptr::PointerBuf::parse(path).unwrap_or_default()
}

pub(crate) fn test(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path: pointer(path), value: value.clone() })
}

pub(crate) fn add(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: pointer(path), value: value.clone() })
}

pub(crate) fn replace(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Replace(ReplaceOperation { path: pointer(path), value: value.clone() })
}

pub(crate) fn remove(path: &str) -> PatchOperation {
    PatchOperation::Remove(RemoveOperation { path: pointer(path) })
}
