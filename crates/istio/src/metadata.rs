//! The part of an object's metadata that rules and translation look at.

use std::collections::BTreeMap;

use crate::field::{Field, parts};

parts! {
    /// `metadata` of an Istio object.
    pub struct Metadata {
        /// Name.
        pub name: Field<String>,
        /// Namespace.
        pub namespace: Field<String>,
        /// Labels.
        pub labels: Field<BTreeMap<String, String>>,
        /// Annotations.
        pub annotations: Field<BTreeMap<String, String>>,
        /// When it was created (RFC 3339, UTC); the API server's word.
        pub creation_timestamp: Field<String>,
    }
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
