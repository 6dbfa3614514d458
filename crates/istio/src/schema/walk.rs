//! The walk over an object: it drops what is not there and notes what does not fit.

use serde_json::{Map, Value};

use super::kinds::{Message, Type};
use crate::duration;

/// Pilot's own objects nest about ten levels; deeper ones are not ours and could exhaust the stack.
const MAX_DEPTH: usize = 24;

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Paths of fields that do not exist.
    pub(crate) unknown: Vec<String>,
    /// What does not fit, in the words of a real API server.
    pub(crate) invalid: Vec<String>,
}

/// Walks over `value`: drops unknown fields and nulls (as pruning does) and notes what is wrong.
pub(crate) fn walk(message: &Message, value: &mut Value, path: &str, found: &mut Findings) {
    walk_object(message, value, path, found, 0);
}

fn walk_object(
    message: &Message,
    value: &mut Value,
    path: &str,
    found: &mut Findings,
    depth: usize,
) {
    let Some(map) = value.as_object_mut() else {
        return wrong_type(value, path, "object", found);
    };
    if depth > MAX_DEPTH {
        return found.invalid.push(format!("{path}: Invalid value: nested too deeply"));
    }
    map.retain(|_, field| !field.is_null());
    map.retain(|name, _| {
        let known = message.fields.iter().any(|(field, _)| field == name);
        if !known {
            found.unknown.push(join(path, name));
        }
        known
    });
    for (name, field) in map.iter_mut() {
        if let Some((_, kind)) = message.fields.iter().find(|(field, _)| field == name) {
            walk_field(kind, field, &join(path, name), found, depth + 1);
        }
    }
    for name in message.required.iter().filter(|name| !map.contains_key(**name)) {
        found.invalid.push(format!("{}: Required value", join(path, name)));
    }
    for group in message.one_of {
        clash(map, group, path, found);
    }
}

fn walk_field(kind: &Type, value: &mut Value, path: &str, found: &mut Findings, depth: usize) {
    match kind {
        Type::Any => {}
        Type::Text if value.is_string() => {}
        Type::Text => wrong_type(value, path, "string", found),
        Type::Bool if value.is_boolean() => {}
        Type::Bool => wrong_type(value, path, "boolean", found),
        Type::Number if value.is_number() => {}
        Type::Number => wrong_type(value, path, "number", found),
        Type::Int(min, max) => walk_int(value, *min, *max, path, found),
        Type::Duration | Type::AnyDuration => {
            walk_duration(value, matches!(kind, Type::Duration), path, found);
        }
        Type::Enum(names) => match value.as_str() {
            None => wrong_type(value, path, "string", found),
            Some(name) if names.contains(&name) => {}
            Some(name) => found.invalid.push(format!(
                "{path}: Unsupported value: {name:?}: supported values: {}",
                names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
            )),
        },
        Type::List(kind) => match value.as_array_mut() {
            None => wrong_type(value, path, "array", found),
            Some(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    walk_field(kind, item, &format!("{path}[{index}]"), found, depth + 1);
                }
            }
        },
        Type::Map(kind) => match value.as_object_mut() {
            None => wrong_type(value, path, "object", found),
            Some(map) => {
                map.retain(|_, item| !item.is_null());
                for (name, item) in map.iter_mut() {
                    walk_field(kind, item, &join(path, name), found, depth + 1);
                }
            }
        },
        Type::Object(message) => walk_object(message, value, path, found, depth),
    }
}

fn walk_int(value: &Value, min: i64, max: i64, path: &str, found: &mut Findings) {
    match value.as_i64() {
        Some(number) if (min..=max).contains(&number) => {}
        Some(number) if number < min => found.invalid.push(format!(
            "{path}: Invalid value: {number}: {path} in body should be greater than or equal to \
             {min}"
        )),
        Some(number) => found.invalid.push(format!(
            "{path}: Invalid value: {number}: {path} in body should be less than or equal to {max}"
        )),
        None => wrong_type(value, path, "integer", found),
    }
}

fn walk_duration(value: &Value, positive: bool, path: &str, found: &mut Findings) {
    let Some(text) = value.as_str() else {
        return wrong_type(value, path, "string", found);
    };
    let least = u128::from(positive);
    if duration::parse(text).is_none_or(|duration| duration.as_millis() < least) {
        found.invalid.push(format!(
            "{path}: Invalid value: {text:?}: must be a valid duration greater than 1ms"
        ));
    }
}

fn clash(map: &Map<String, Value>, group: &[&str], path: &str, found: &mut Findings) {
    let set: Vec<&str> = group.iter().copied().filter(|name| map.contains_key(*name)).collect();
    if set.len() > 1 {
        found.invalid.push(format!(
            "{path}: Invalid value: only one of {} may be set, not {}",
            group.join(", "),
            set.join(" and ")
        ));
    }
}

fn wrong_type(value: &Value, path: &str, expected: &str, found: &mut Findings) {
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.invalid.push(format!(
        "{path}: Invalid value: {actual:?}: {path} in body must be of type {expected}: {actual:?}"
    ));
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
