//! Field selectors, as `kubectl --field-selector` sends them. Pure.

use serde_json::Value;

use crate::kinds::Kind;
use crate::store::Refusal;

/// One condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldRequirement {
    pointer: String,
    value: String,
    equal: bool,
}

// === impl FieldRequirement ===

impl FieldRequirement {
    /// The object of this name.
    pub(super) fn name(name: &str) -> Self {
        Self { pointer: "/metadata/name".to_owned(), value: name.to_owned(), equal: true }
    }

    /// From one condition of a selector.
    pub(super) fn parse(kind: &Kind, text: &str) -> Result<Self, Refusal> {
        let (field, value, equal) = if let Some((field, value)) = text.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = text.split_once("==").or_else(|| text.split_once('='))
        {
            (field, value, true)
        } else {
            return Err(Refusal::bad_request(format!(
                "invalid selector: '{text}'; can't understand '{text}'"
            )));
        };
        let field = field.trim();
        let everywhere = ["metadata.name", "metadata.namespace"];
        if !everywhere.contains(&field) && !selectable(kind).contains(&field) {
            return Err(Refusal::bad_request(format!("field label not supported: {field}")));
        }
        let pointer = format!("/{}", field.replace('.', "/"));
        Ok(Self { pointer, value: value.trim().to_owned(), equal })
    }

    /// Whether the object meets it.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let value = match object.pointer(&self.pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        (value == self.value) == self.equal
    }
}

/// The fields by which a kind can be selected besides name and namespace (Kubernetes' own lists,
/// `pkg/registry/*/strategy.go`).
fn selectable(kind: &Kind) -> &'static [&'static str] {
    match (kind.group, kind.kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "type",
        ],
        ("", "Secret") => &["type"],
        ("", "Namespace") => &["status.phase"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}
