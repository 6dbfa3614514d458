//! Reading and writing the fields every object has, by JSON path, without ever failing: a field
//! that is missing or of another type reads as empty. Pure.

use serde_json::{Map, Value, json};

/// The text at a JSON pointer, or the empty text.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, or the empty list.
#[must_use]
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The whole number at a JSON pointer.
#[must_use]
pub fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// `metadata.name`.
#[must_use]
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for what lives in none.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
#[must_use]
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Whether somebody asked for the object to be deleted.
#[must_use]
pub fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// The object at a key of an object, made when it is missing or of another type.
#[expect(clippy::missing_panics_doc, reason = "it cannot: the child was just made an object")]
pub fn child<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let child = &mut object[key];
    if !child.is_object() {
        *child = json!({});
    }
    child.as_object_mut().expect("it was just made an object")
}

/// `metadata`, made when it is missing.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    child(object, "metadata")
}

/// The owner reference that makes `owner` the controller of an object.
#[must_use]
pub fn controller_of(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Whether `owner` is the controller of `object`.
#[must_use]
pub fn is_controlled_by(object: &Value, owner: &Value) -> bool {
    list(object, "/metadata/ownerReferences").iter().any(|reference| {
        reference["controller"] == json!(true) && text(reference, "/uid") == uid(owner)
    })
}
