//! An object of one of the kinds that sidecars are told by, read and written whole.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::destination_rule::{DestinationRule, DestinationRuleSpec};
use crate::metadata::Metadata;
use crate::virtual_service::{VirtualService, VirtualServiceSpec};

/// The version in which objects are written.
const API_VERSION: &str = "networking.istio.io/v1";

/// An object. Whatever an API server may hold, [`Object::to_value`] gives back what
/// [`Object::parse`] was given, up to the order of keys (`same`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a run holds a handful of them at a time")]
pub enum Object {
    /// Which requests go where.
    VirtualService(VirtualService),
    /// How pods are connected to.
    DestinationRule(DestinationRule),
}

// === impl Object ===

impl Object {
    /// From its JSON; an error says which field cannot be read, and why.
    pub fn parse(value: &Value) -> Result<Self, String> {
        Self::parse_as(value["kind"].as_str().unwrap_or_default(), value)
    }

    /// From the JSON of an object of this kind, whether or not it says so itself.
    pub(crate) fn parse_as(kind: &str, value: &Value) -> Result<Self, String> {
        match kind {
            "VirtualService" => read(value).map(Self::VirtualService),
            "DestinationRule" => read(value).map(Self::DestinationRule),
            "" => Err("it has no kind".to_owned()),
            other => Err(format!("a {other} is neither VirtualService nor DestinationRule")),
        }
    }

    /// A new `VirtualService`.
    #[must_use]
    pub fn virtual_service(metadata: Metadata, spec: VirtualServiceSpec) -> Self {
        Self::VirtualService(VirtualService {
            api_version: API_VERSION.into(),
            kind: "VirtualService".into(),
            metadata: metadata.into(),
            spec: spec.into(),
            ..VirtualService::default()
        })
    }

    /// A new `DestinationRule`.
    #[must_use]
    pub fn destination_rule(metadata: Metadata, spec: DestinationRuleSpec) -> Self {
        Self::DestinationRule(DestinationRule {
            api_version: API_VERSION.into(),
            kind: "DestinationRule".into(),
            metadata: metadata.into(),
            spec: spec.into(),
            ..DestinationRule::default()
        })
    }

    /// Its JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!(self)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::VirtualService(_) => "VirtualService",
            Self::DestinationRule(_) => "DestinationRule",
        }
    }

    /// Its metadata.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        match self {
            Self::VirtualService(object) => &object.metadata,
            Self::DestinationRule(object) => &object.metadata,
        }
    }

    /// The hosts that it is about, as it spells them.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        match self {
            Self::VirtualService(object) => &object.spec.hosts,
            Self::DestinationRule(object) => std::slice::from_ref(&object.spec.host),
        }
    }

    /// Whether one would replace the other: kind, namespace and name are the same.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        let (own, others) = (self.metadata(), other.metadata());
        self.kind() == other.kind() && own.namespace == others.namespace && own.name == others.name
    }
}

/// `VirtualService travel-agency/hotels`, as people name it.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Metadata { namespace, name, .. } = self.metadata();
        write!(f, "{} {namespace}/{name}", self.kind())
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let once = |value: &Value| serde_path_to_error::deserialize(value);
    // An API server takes 5.0 where a whole number is due, and drops what is null; so do we, at the
    // second try.
    let read = once(value).or_else(|error| once(&whole(value)).map_err(|_| error));
    read.map_err(|error: serde_path_to_error::Error<_>| error.to_string())
}

/// The same with whole numbers written as such, and without nulls.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.fract() == 0.0);
            let number = number.filter(|number| number.abs() < 9e15);
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
            number.map_or_else(|| value.clone(), |number| (number as i64).into())
        }
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, field)| !field.is_null());
            kept.map(|(name, field)| (name.clone(), whole(field))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_api_server_rewrites_is_read() {
        let of = |attempts: f64| {
            let labels = json!([{"sourceLabels": {"a": null}}]);
            let spec = json!({
                "http": [{"retries": {"attempts": attempts}, "match": labels, "x": 1.5}],
            });
            json!({"kind": "VirtualService", "spec": spec})
        };
        let read = Object::parse(&of(2.0)).unwrap().to_value();
        let expected =
            json!({"retries": {"attempts": 2}, "match": [{"sourceLabels": {}}], "x": 1.5});
        assert_eq!(read["spec"]["http"][0], expected);
        let said = Object::parse(&of(2.5)).unwrap_err();
        assert!(said.starts_with("spec.http[0].retries.attempts: invalid type"), "{said}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let of = |spec: Value| json!({"kind": "VirtualService", "spec": spec});
        let said = |value: &Value| Object::parse(value).unwrap_err();
        let timeout = json!({"http": [{"route": []}, {"timeout": 5}]});
        assert!(said(&of(timeout)).starts_with("spec.http[1].timeout: invalid type"));
        assert!(said(&of(json!({"hosts": "x"}))).starts_with("spec.hosts: invalid type"));
        // What a struct is written as is no list of its fields.
        assert!(said(&of(json!({"http": [[]]}))).starts_with("spec.http[0]: invalid type"));
        assert_eq!(
            said(&json!({"kind": "Secret"})),
            "a Secret is neither VirtualService nor \
                   DestinationRule"
        );
    }
}
