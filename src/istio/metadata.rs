//! The part of an object's metadata that rules and translation look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// `metadata` of an Istio object. Other fields (uid, managedFields, …) are not ours and not kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When it was created (RFC 3339, UTC); the API server's word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub creation_timestamp: String,
}

// === impl Metadata ===

impl Metadata {
    /// Metadata of an object that does not exist yet.
    #[must_use]
    pub fn new(name: &str, namespace: &str) -> Self {
        Self { name: name.to_owned(), namespace: namespace.to_owned(), ..Self::default() }
    }

    /// Pilot's order among objects that claim the same host: the oldest first; among objects of
    /// one second by name, then namespace (`pkg/config`'s sort by creation time).
    #[must_use]
    pub fn age(&self) -> (&str, &str, &str) {
        (&self.creation_timestamp, &self.name, &self.namespace)
    }
}

/// A whole object as it is sent to the API server.
pub(super) fn object(kind: &str, metadata: &Metadata, spec: &impl Serialize) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    })
}
