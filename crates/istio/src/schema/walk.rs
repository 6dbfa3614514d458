//! The walk over an object: it drops what is not there and notes what does not fit.

use std::fmt;

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

// === impl Findings ===

impl Findings {
    fn tell(&mut self, path: &str, what: impl fmt::Display) {
        self.invalid.push(format!("{path}: {what}"));
    }

    fn invalid(&mut self, path: &str, what: impl fmt::Display) {
        self.tell(path, format_args!("Invalid value: {what}"));
    }
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
        return found.invalid(path, "nested too deeply");
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
        found.tell(&join(path, name), "Required value");
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
        Type::Number(min, max) => match value.as_f64() {
            Some(number) => within(number, *min, *max, path, found),
            None => wrong_type(value, path, "number", found),
        },
        Type::Int(min, max) => walk_int(value, *min, *max, path, found),
        Type::Bytes => match value.as_str() {
            None => wrong_type(value, path, "string", found),
            Some(text) if is_base64(text) => {}
            Some(_) => found.invalid(path, format_args!("{path} in body must be of type byte")),
        },
        Type::Duration | Type::AnyDuration => {
            walk_duration(value, matches!(kind, Type::Duration), path, found);
        }
        Type::Enum(names) => match value.as_str() {
            None => wrong_type(value, path, "string", found),
            Some(name) if names.contains(&name) => {}
            Some(name) => {
                let all = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
                let all = all.join(", ");
                found.tell(
                    path,
                    format_args!("Unsupported value: {name:?}: supported values: {all}"),
                );
            }
        },
        Type::List(kind) => walk_list(kind, usize::MAX, value, path, found, depth),
        Type::Short(kind, most) => walk_list(kind, *most, value, path, found, depth),
        Type::Map(kind) => walk_map(kind, value, path, found, depth),
        Type::Selector => {
            walk_map(&Type::Text, value, path, found, depth);
            selector(value, path, found);
        }
        Type::Object(message) => walk_object(message, value, path, found, depth),
    }
}

fn walk_list(
    kind: &Type,
    most: usize,
    value: &mut Value,
    path: &str,
    found: &mut Findings,
    depth: usize,
) {
    let Some(list) = value.as_array_mut() else {
        return wrong_type(value, path, "array", found);
    };
    if list.len() > most {
        let many = list.len();
        return found.tell(path, format_args!("Too many: {many}: must have at most {most} items"));
    }
    for (index, item) in list.iter_mut().enumerate() {
        walk_field(kind, item, &format!("{path}[{index}]"), found, depth + 1);
    }
}

fn walk_map(kind: &Type, value: &mut Value, path: &str, found: &mut Findings, depth: usize) {
    let Some(map) = value.as_object_mut() else {
        return wrong_type(value, path, "object", found);
    };
    map.retain(|_, item| !item.is_null());
    for (name, item) in map.iter_mut() {
        walk_field(kind, item, &join(path, name), found, depth + 1);
    }
}

/// JSON has one kind of number: 5.0 is whole, and an API server takes and stores it as 5.
fn walk_int(value: &mut Value, min: i64, max: i64, path: &str, found: &mut Findings) {
    if let Some(number) = value.as_f64().filter(|_| value.is_f64())
        && number.fract() == 0.0
        && number.abs() < 9e15
    {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
        let whole = number as i64;
        *value = whole.into();
    }
    match value.as_i64() {
        Some(number) if number < min => found.invalid(
            path,
            format_args!("{number}: {path} in body should be greater than or equal to {min}"),
        ),
        Some(number) if number > max => found.invalid(
            path,
            format_args!("{number}: {path} in body should be less than or equal to {max}"),
        ),
        Some(_) => {}
        None if value.is_u64() => found.invalid(path, format_args!("{value} is too large")),
        None => wrong_type(value, path, "integer", found),
    }
}

fn within(number: f64, min: f64, max: f64, path: &str, found: &mut Findings) {
    if number < min {
        let bound = format_args!("should be greater than or equal to {min}");
        found.invalid(path, format_args!("{number}: {path} in body {bound}"));
    } else if number > max {
        let bound = format_args!("should be less than or equal to {max}");
        found.invalid(path, format_args!("{number}: {path} in body {bound}"));
    }
}

/// The CRD's rule where `positive` (`duration(self) >= duration('1ms')`); otherwise only istiod,
/// which cannot read the object then, minds.
fn walk_duration(value: &Value, positive: bool, path: &str, found: &mut Findings) {
    let Some(text) = value.as_str() else {
        return wrong_type(value, path, "string", found);
    };
    let nanos = duration::signed(text);
    if positive && nanos.is_none_or(|nanos| nanos < 1_000_000) {
        found.invalid(path, format_args!("{text:?}: must be a valid duration greater than 1ms"));
    } else if nanos.is_none() {
        found.invalid(path, format_args!("{text:?}: must be a valid duration"));
    }
}

/// The CRD's rules for the labels of a selector: `maxProperties`, `maxLength` and two expressions.
fn selector(value: &Value, path: &str, found: &mut Findings) {
    let Some(labels) = value.as_object() else { return };
    if labels.len() > 4096 {
        found.tell(path, "Too many: must have at most 4096 items");
    }
    if labels.keys().any(String::is_empty) {
        found.invalid(path, "key must not be empty");
    }
    if labels.keys().any(|key| key.contains('*')) {
        found.invalid(path, "wildcard not allowed in label key match");
    }
    for (key, label) in labels {
        let label = label.as_str().unwrap_or_default();
        let path = join(path, key);
        if label.contains('*') {
            found.invalid(&path, "wildcard not allowed in label value match");
        }
        if label.chars().count() > 63 {
            found.tell(&path, "Too long: may not be more than 63 bytes");
        }
    }
}

/// As Go's `base64.StdEncoding` reads it, which passes over line breaks.
fn is_base64(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bare = text.trim_end_matches('=');
    let padded = text.len() - bare.len();
    text.len().is_multiple_of(4)
        && padded <= 2
        && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '/')
}

fn clash(map: &Map<String, Value>, group: &[&str], path: &str, found: &mut Findings) {
    let set: Vec<&str> = group.iter().copied().filter(|name| map.contains_key(*name)).collect();
    if set.len() > 1 {
        let (group, set) = (group.join(", "), set.join(" and "));
        found.invalid(path, format_args!("only one of {group} may be set, not {set}"));
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
    found.invalid(
        path,
        format_args!("{actual:?}: {path} in body must be of type {expected}: {actual:?}"),
    );
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
