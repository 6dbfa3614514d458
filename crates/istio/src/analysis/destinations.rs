//! Where rules send to: hosts and subsets that must exist, and objects that a rule is left to.

use std::collections::{BTreeSet, HashMap};

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
    /// The subsets of a host, by its full name.
    subsets: HashMap<String, BTreeSet<&'a str>>,
    /// Those of all hosts with an end.
    wild: Vec<(String, BTreeSet<&'a str>)>,
}

// === impl Known ===

impl<'a> Known<'a> {
    pub(super) fn new(around: &'a Surroundings, objects: &'a [Object]) -> Self {
        Self { around, objects, subsets: HashMap::new(), wild: Vec::new() }
    }

    /// Notes what a rule has.
    pub(super) fn add(&mut self, rule: &'a DestinationRule) {
        let host = resolve(&rule.spec.host, &rule.metadata.namespace);
        let names = rule.spec.subsets.iter().map(|subset| subset.name.as_str());
        match host.strip_prefix('*') {
            Some(end) => self.wild.push((end.to_owned(), names.collect())),
            None => self.subsets.entry(host).or_default().extend(names),
        }
    }

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
        if !self.of_host(&host).any(|names| names.contains(to.subset.as_str())) {
            let count: usize = self.of_host(&host).map(BTreeSet::len).sum();
            let mut known: Vec<&str> =
                self.of_host(&host).flatten().copied().take(SUBSETS_MAX).collect();
            known.sort_unstable();
            known.dedup();
            let mut known = known.join(", ");
            match count.checked_sub(SUBSETS_MAX) {
                _ if count == 0 => "none".clone_into(&mut known),
                Some(more @ 1..) => known = format!("{known} and {more} more"),
                _ => {}
            }
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

    fn of_host(&self, host: &str) -> impl Iterator<Item = &BTreeSet<&'a str>> {
        let wild = self.wild.iter().filter(move |(end, _)| host.ends_with(end.as_str()));
        self.subsets.get(host).into_iter().chain(wild.map(|(_, names)| names))
    }
}
