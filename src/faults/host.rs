//! The service that is disturbed, and the services that an object is about. Pure.

use istio::{Object, resolve};

use crate::error::{Error, Result};
use crate::units::ServiceName;

/// The service that is disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name in Kubernetes.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Whether it speaks opaque TCP instead of HTTP.
    pub tcp: bool,
    /// Versions of its workloads; each becomes a subset when one is named.
    pub versions: Vec<String>,
}

// === impl Subject ===

impl Subject {
    /// The host by which objects name it.
    pub(super) fn host(&self) -> String {
        istio::fqdn(&self.name, &self.namespace)
    }

    /// Whether it has these versions.
    pub(super) fn has<'a>(&self, versions: impl IntoIterator<Item = &'a String>) -> Result<()> {
        for version in versions {
            if !self.versions.contains(version) {
                let known = self.versions.iter().map(String::as_str);
                let doing = format!("disturbing {}", self.name);
                let error = Error::feature(doing, format!("it has no version `{version}`"));
                return Err(match crate::units::nearest(version, known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("it has: {}", self.versions.join(", "))),
                });
            }
        }
        Ok(())
    }
}

/// The services that an object is about, hosts outside of the cluster left out.
#[must_use]
pub fn services(object: &Object) -> Vec<ServiceName> {
    let service = |host: &String| {
        let full = resolve(host, &object.metadata().namespace);
        let mut words = full.split('.');
        let name = format!("{}.{}", words.next()?, words.next()?);
        name.parse().ok()
    };
    object.hosts().iter().filter_map(service).collect()
}
