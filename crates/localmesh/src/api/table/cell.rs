//! What stands in a cell: one field of an object, or what a function makes of it. Pure; the time
//! comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

const NONE: &str = "<none>";

/// Where a cell's content comes from; pointers are JSON pointers.
pub(super) enum Cell {
    /// The text at a pointer, or `<none>`.
    Text(&'static str),
    /// The same of a custom resource (`additionalPrinterColumns`): nothing where nothing is.
    Printed(&'static str),
    /// The whole number at a pointer, or 0.
    Whole(&'static str),
    /// How many entries the list or map at a pointer has.
    Count(&'static str),
    /// The labels at a pointer, as a selector.
    Labels(&'static str),
    /// This field of each container of a pod template.
    Containers(&'static str),
    /// What takes more than reading one field.
    Made(fn(&Value) -> Value),
    /// What depends on the time.
    Timed(fn(&Value, Timestamp) -> Value),
}

// === impl Cell ===

impl Cell {
    /// The OpenAPI type of the column.
    pub(super) fn kind(&self) -> &'static str {
        if matches!(self, Self::Whole(_) | Self::Count(_)) { "integer" } else { "string" }
    }

    pub(super) fn of(&self, object: &Value, now: Timestamp) -> Value {
        match self {
            Self::Text(pointer) => text(object, pointer),
            Self::Printed(pointer) => {
                object.pointer(pointer).map_or(Value::Null, |_| text(object, pointer))
            }
            Self::Whole(pointer) => json!(number(object, pointer)),
            Self::Count(pointer) => json!(count(object, pointer)),
            Self::Labels(pointer) => labels(object, pointer),
            Self::Containers(field) => {
                let containers = items(object, "/spec/template/spec/containers");
                joined(containers.filter_map(|c| c[*field].as_str().map(str::to_owned)), "")
            }
            Self::Made(make) => make(object),
            Self::Timed(make) => make(object, now),
        }
    }
}

fn text(object: &Value, pointer: &str) -> Value {
    match object.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => json!(text),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => json!(value.to_string()),
        Some(value @ Value::Array(items)) if !items.is_empty() => json!(value.to_string()),
        _ => json!(NONE),
    }
}

fn labels(object: &Value, pointer: &str) -> Value {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let pairs = map
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    joined(pairs, NONE)
}

/// The whole number at a pointer, or 0.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// How many entries the list or map at a pointer has.
pub(super) fn count(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    }
}

/// The entries of the list at a pointer.
pub(super) fn items<'a>(object: &'a Value, pointer: &str) -> std::slice::Iter<'a, Value> {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

/// Texts with commas between them; `none` if there are none.
pub(super) fn joined(texts: impl Iterator<Item = String>, none: &str) -> Value {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { json!(none) } else { json!(texts.join(",")) }
}
