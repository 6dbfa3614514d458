//! Hosts and subsets that must exist, and hosts that only one object may have.

use std::collections::BTreeSet;

use super::finding::{Finding, Findings};
use crate::destination::Destination;
use crate::destination_rule::DestinationRule;
use crate::host::{fqdn, resolve};
use crate::object::Object;
use crate::virtual_service::VirtualService;

/// What there is to send to.
pub(super) struct Known<'a> {
    /// Name and namespace.
    pub(super) services: &'a [(String, String)],
    pub(super) rules: Vec<&'a DestinationRule>,
}

// === impl Known ===

impl Known<'_> {
    /// A service has this full name, or one that fits the wildcard.
    pub(super) fn host(&self, host: &str, field: &str, found: &mut Findings) {
        let full = |(name, namespace): &(String, String)| fqdn(name, namespace);
        let known = |service| {
            let fqdn = full(service);
            fqdn == host || host.strip_prefix('*').is_some_and(|suffix| fqdn.ends_with(suffix))
        };
        if self.services.iter().any(known) {
            return;
        }
        let near =
            self.services.iter().map(full).min_by_key(|fqdn| strsim::levenshtein(fqdn, host));
        let hint = near.map(|near| format!("; the nearest is {near}")).unwrap_or_default();
        found.error(field, format!("no service is called {host}{hint}"));
    }

    /// The service is there, and so is its subset.
    pub(super) fn destination(
        &self,
        to: &Destination,
        namespace: &str,
        path: &str,
        found: &mut Findings,
    ) {
        let host = resolve(&to.host, namespace);
        self.host(&host, &format!("{path}.host"), found);
        if to.subset.is_empty() {
            return;
        }
        let known = self.subsets(&host);
        if !known.contains(to.subset.as_str()) {
            let known: Vec<&str> = known.into_iter().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!(
                "no DestinationRule for {host} has the subset {:?} (it has: {known}); requests \
                 would be answered 503 NC",
                to.subset
            );
            found.error(format!("{path}.subset"), message);
        }
    }

    fn subsets(&self, host: &str) -> BTreeSet<&str> {
        let of_host = |rule: &&&DestinationRule| {
            let own = resolve(&rule.spec.host, &rule.metadata.namespace);
            own == host || own.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
        };
        let subsets = self.rules.iter().filter(of_host).flat_map(|rule| &rule.spec.subsets);
        subsets.map(|subset| subset.name.as_str()).collect()
    }
}

/// In sidecars two objects for one host do not merge.
pub(super) fn repeated_hosts(objects: &[&Object]) -> Vec<Finding> {
    let on_mesh: Vec<(&Object, BTreeSet<String>)> = objects
        .iter()
        .filter_map(|object| match object {
            Object::VirtualService(service) if service.on_mesh() => Some((*object, own(service))),
            Object::VirtualService(_) | Object::DestinationRule(_) => None,
        })
        .collect();
    let mut all = Vec::new();
    for (index, (object, hosts)) in on_mesh.iter().enumerate() {
        let mut found = Findings::of(object);
        // The same object written again is an update.
        for (earlier, others) in on_mesh[..index].iter().filter(|(one, _)| !one.replaces(object)) {
            if let Some(host) = others.intersection(hosts).next() {
                let message = format!(
                    "{host} already has {earlier}: two objects for one host do not merge, the \
                     older one wins"
                );
                found.error("spec.hosts", message);
            }
        }
        all.extend(found.into_vec());
    }
    all
}

fn own(object: &VirtualService) -> BTreeSet<String> {
    object.spec.hosts.iter().map(|host| resolve(host, &object.metadata.namespace)).collect()
}
