//! What is known of a mesh without asking it.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::fqdn;

/// What is known of a mesh without asking it: the application under test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Its services.
    pub services: Vec<Service>,
    /// The pods from which load is sent.
    pub callers: Vec<Caller>,
}

/// A service of the application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name in Kubernetes.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Values of the label `version` of its pods; empty if nobody said.
    pub versions: Vec<String>,
}

/// Pods from which load is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Namespace.
    pub namespace: String,
    /// The pods' labels, as far as a rule can ask for them.
    pub labels: BTreeMap<String, String>,
}

// === impl Surroundings ===

impl Surroundings {
    /// The namespaces of services and callers.
    pub(super) fn namespaces(&self) -> BTreeSet<&str> {
        let services = self.services.iter().map(|service| service.namespace.as_str());
        services.chain(self.callers.iter().map(|caller| caller.namespace.as_str())).collect()
    }

    /// The service with this full name.
    pub(super) fn service(&self, host: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.fqdn() == host)
    }
}

// === impl Service ===

impl Service {
    pub(super) fn fqdn(&self) -> String {
        fqdn(&self.name, &self.namespace)
    }
}
