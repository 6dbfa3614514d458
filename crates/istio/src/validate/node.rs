//! A place in an object, read as protobuf's getters read: what is absent is empty. It knows its own
//! path, so that whatever is wrong with it can be named.

use std::fmt;

use serde_json::Value;

/// A place, or nothing where it would be.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    path: String,
}

// === impl Node ===

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// The field, which may be absent.
    pub(super) fn at(&self, name: &str) -> Self {
        Self { value: self.value.get(name).unwrap_or(&Value::Null), path: self.path_of(name) }
    }

    /// The field, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        Some(self.at(name)).filter(|field| !field.value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A path below this one.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn as_text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(super) fn as_int(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    pub(super) fn as_number(&self) -> f64 {
        self.value.as_f64().unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> &'a str {
        self.at(name).as_text()
    }

    pub(super) fn int(&self, name: &str) -> i64 {
        self.at(name).as_int()
    }

    pub(super) fn number(&self, name: &str) -> f64 {
        self.at(name).as_number()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.at(name).value.as_bool().unwrap_or_default()
    }

    /// The items of a list.
    pub(super) fn items(&self, name: &str) -> Vec<Self> {
        let path = self.path_of(name);
        let items = self.at(name).value.as_array().into_iter().flatten().enumerate();
        items.map(|(index, value)| Self { value, path: format!("{path}[{index}]") }).collect()
    }

    /// The entries of a map.
    pub(super) fn entries(&self, name: &str) -> Vec<(&'a str, Self)> {
        let map = self.at(name);
        let entries = map.value.as_object().into_iter().flatten();
        let of = |(key, value): (&'a String, &'a Value)| {
            (key.as_str(), Self { value, path: map.path_of(key) })
        };
        entries.map(of).collect()
    }

    /// Whether a list or map is there and not empty; protobuf knows no empty one.
    pub(super) fn any(&self, name: &str) -> bool {
        let value = self.at(name).value;
        let list = value.as_array().is_some_and(|list| !list.is_empty());
        list || value.as_object().is_some_and(|map| !map.is_empty())
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
