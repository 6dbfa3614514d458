//! The part of an object's metadata that rules and translation look at.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `metadata` of an Istio object. Other fields (uid, managedFields, …) are not ours and not kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was created (RFC 3339, UTC); the API server's word.
    pub creation_timestamp: String,
}

// === impl Metadata ===

impl Metadata {
    /// Pilot's order among objects that claim the same host: the oldest first; among objects of
    /// one second by name, then namespace (`pkg/config`'s sort by creation time).
    #[must_use]
    pub fn age(&self) -> (&str, &str, &str) {
        (&self.creation_timestamp, &self.name, &self.namespace)
    }
}
