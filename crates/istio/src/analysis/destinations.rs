//! Where rules send to: hosts and subsets that must exist, and objects that a rule is left to.

use std::collections::BTreeSet;

use super::finding::Findings;
use super::hosts::Spelled;
use super::surroundings::Surroundings;
use crate::destination::Destination;
use crate::destination_rule::DestinationRule;
use crate::field::Rest;
use crate::host::resolve;
use crate::object::Object;

/// More subsets of a host are not named.
const SUBSETS_MAX: usize = 20;

/// What there is to send to.
pub(super) struct Known<'a> {
    pub(super) around: &'a Surroundings,
    pub(super) objects: &'a [Object],
    pub(super) rules: Vec<&'a DestinationRule>,
}

// === impl Known ===

impl Known<'_> {
    /// The service is there, and so is its subset.
    pub(super) fn destination(
        &self,
        to: &Destination,
        namespace: &str,
        path: &str,
        found: &mut Findings,
    ) {
        let spelled = Spelled { host: &to.host, namespace, of_gateway: false };
        spelled.check(self.around, &format!("{path}.host"), found);
        if to.subset.is_empty() {
            return;
        }
        let host = resolve(&to.host, namespace);
        if !self.subsets(&host).any(|name| name == to.subset.as_str()) {
            let known: BTreeSet<&str> = self.subsets(&host).collect();
            let known: Vec<&str> = known.into_iter().take(SUBSETS_MAX).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!(
                "no DestinationRule for {host} has the subset {:?} (it has: {known}); requests \
                 would be answered 503 NC",
                to.subset
            );
            // Of a host that is not the application's, the mesh may have the rule.
            match self.around.service(&host) {
                Some(_) => found.error(format!("{path}.subset"), message),
                None => found.warning_at(format!("{path}.subset"), message),
            }
        }
    }

    /// The object that the rest is left to is there, and may have it: one with hosts of its own may
    /// not (pilot's `mergeVirtualServicesIfNeeded`, which leaves the rule out otherwise).
    pub(super) fn delegate(&self, to: &Rest, namespace: &str, path: &str, found: &mut Findings) {
        let text = |field: &str| to.get(field).and_then(|value| value.as_str()).unwrap_or_default();
        let (name, of) = (text("name"), text("namespace"));
        let of = if of.is_empty() { namespace } else { of };
        let is = |object: &&Object| {
            let own = object.metadata();
            object.kind() == "VirtualService" && *own.name == name && *own.namespace == of
        };
        match self.objects.iter().find(is) {
            None => found.warning_at(
                path,
                format!(
                    "no scenario's object is the VirtualService {of}/{name}: unless the mesh has \
                     it, Istio leaves this rule out"
                ),
            ),
            Some(object) if !object.hosts().is_empty() => found.error(
                path,
                format!("VirtualService {of}/{name} has hosts, so no other may leave a rule to it"),
            ),
            Some(_) => {}
        }
    }

    fn subsets(&self, host: &str) -> impl Iterator<Item = &str> {
        let of_host = move |rule: &&&DestinationRule| {
            let own = resolve(&rule.spec.host, &rule.metadata.namespace);
            own == host || own.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
        };
        let subsets = self.rules.iter().filter(of_host).flat_map(|rule| &rule.spec.subsets);
        subsets.map(|subset| subset.name.as_str())
    }
}
