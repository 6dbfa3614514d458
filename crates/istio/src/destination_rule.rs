//! `DestinationRule`: which subsets a service has, and how its pods are connected to. The types
//! have what rules and translation look at; other fields are admitted by `schema`, carried through,
//! and listed by `translate::unsupported` of the local mesh.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::Value;

use crate::field::{Field, parts};
use crate::metadata::Metadata;
use crate::traffic_policy::TrafficPolicy;

parts! {
    /// A `DestinationRule`.
    pub struct DestinationRule {
        /// `networking.istio.io/v1`, or an earlier version of it.
        pub api_version: Field<String>,
        /// `DestinationRule`.
        pub kind: Field<String>,
        /// Name, namespace, labels.
        pub metadata: Field<Metadata>,
        /// What it says.
        pub spec: Field<DestinationRuleSpec>,
    }

    /// The `spec`.
    pub struct DestinationRuleSpec {
        /// Host it is about; a name without a dot is a service in the object's own namespace.
        pub host: Field<String>,
        /// Named groups of the service's pods.
        pub subsets: Field<Vec<Subset>>,
        /// How the service's pods are connected to.
        pub traffic_policy: Option<TrafficPolicy>,
        /// Namespaces that see it; none means all.
        pub export_to: Field<Vec<String>>,
        /// Which calling pods obey it; none means all.
        pub workload_selector: Option<WorkloadSelector>,
    }

    /// Pods by label.
    pub struct WorkloadSelector {
        /// All of these.
        pub match_labels: Field<BTreeMap<String, String>>,
    }

    /// A named group of pods.
    pub struct Subset {
        /// Its name.
        pub name: Field<String>,
        /// Labels its pods have.
        pub labels: Field<BTreeMap<String, String>>,
        /// What differs from the service's own policy.
        pub traffic_policy: Option<TrafficPolicy>,
    }
}

// === impl DestinationRule ===

impl DestinationRule {
    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }
}
