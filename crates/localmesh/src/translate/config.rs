//! Which `VirtualService` and which `DestinationRule` a proxy obeys for a service: visibility, age
//! and the order of look-up, as pilot decides them.

use super::inputs::{Proxy, PushContext, Service};
use super::visibility::{has_labels, specificity, visible};
use istio::VirtualService;
use istio::{DestinationRule, Subset, TrafficPolicy};

/// Where mesh-wide `DestinationRule`s live.
const ROOT_NAMESPACE: &str = "istio-system";

/// The objects of the context, parsed, the oldest first.
pub(super) struct Config {
    virtual_services: Vec<VirtualService>,
    destination_rules: Vec<DestinationRule>,
}

/// All `DestinationRule`s of one namespace for one service, merged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) policy: TrafficPolicy,
    pub(super) subsets: Vec<Subset>,
}

// === impl Config ===

impl Config {
    /// Objects that are not what their kind says are left out: admission lets none in.
    pub(super) fn new(context: &PushContext) -> Self {
        let mut virtual_services: Vec<VirtualService> = context
            .virtual_services
            .iter()
            .filter_map(|object| VirtualService::from_object(object).ok())
            .collect();
        let mut destination_rules: Vec<DestinationRule> = context
            .destination_rules
            .iter()
            .filter_map(|object| DestinationRule::from_object(object).ok())
            .collect();
        virtual_services.sort_by(|a, b| a.metadata.age().cmp(&b.metadata.age()));
        destination_rules.sort_by(|a, b| a.metadata.age().cmp(&b.metadata.age()));
        Self { virtual_services, destination_rules }
    }

    /// The `VirtualService`s for a service that a proxy in `client` sees, the one that counts
    /// first: an exact host before a wildcard, a longer wildcard before a shorter, the oldest
    /// first.
    pub(super) fn virtual_services(&self, service: &Service, client: &str) -> Vec<&VirtualService> {
        let fqdn = service.fqdn();
        let mut found: Vec<(usize, &VirtualService)> = self
            .virtual_services
            .iter()
            .filter(|object| object.on_mesh())
            .filter(|object| visible(&object.spec.export_to, &object.metadata.namespace, client))
            .filter_map(|object| {
                let namespace = &object.metadata.namespace;
                let hosts = object.spec.hosts.iter();
                let best = hosts.filter_map(|host| specificity(host, namespace, &fqdn)).max()?;
                Some((best, object))
            })
            .collect();
        // Stable, so that among equals the oldest stays first.
        found.sort_by_key(|(specificity, _)| std::cmp::Reverse(*specificity));
        found.into_iter().map(|(_, object)| object).collect()
    }

    /// The `DestinationRule`s a proxy obeys for a service: those of its own namespace, else of the
    /// service's, else the mesh's.
    pub(super) fn rule(&self, service: &Service, proxy: &Proxy) -> Option<Rule> {
        let client = proxy.workload.namespace.as_str();
        let places = [client, service.namespace.as_str(), ROOT_NAMESPACE];
        let selected = |rule: &DestinationRule| match &rule.spec.workload_selector {
            // A rule for certain pods is for pods of its own namespace only.
            Some(selector) => {
                rule.metadata.namespace == client
                    && has_labels(&proxy.labels, &selector.match_labels)
            }
            None => true,
        };
        places.iter().find_map(|place| self.merged(service, place, Some(client), &selected))
    }

    /// Every merged rule for a service, whoever sees it: what endpoints must be known for.
    pub(super) fn all_rules(&self, service: &Service) -> Vec<Rule> {
        let mut places: Vec<&str> =
            self.destination_rules.iter().map(|rule| rule.metadata.namespace.as_str()).collect();
        places.sort_unstable();
        places.dedup();
        places.iter().filter_map(|place| self.merged(service, place, None, &|_| true)).collect()
    }

    /// Several rules for one host in one namespace are one: the first policy, all subsets
    /// (pilot's `mergeDestinationRule`).
    fn merged(
        &self,
        service: &Service,
        place: &str,
        client: Option<&str>,
        selected: &dyn Fn(&DestinationRule) -> bool,
    ) -> Option<Rule> {
        let fqdn = service.fqdn();
        let candidates = self.destination_rules.iter().filter(|rule| {
            let namespace = &rule.metadata.namespace;
            namespace == place
                && client.is_none_or(|client| visible(&rule.spec.export_to, namespace, client))
                && selected(rule)
        });
        let mut best: Vec<(usize, &DestinationRule)> = candidates
            .filter_map(|rule| Some((specificity(&rule.spec.host, place, &fqdn)?, rule)))
            .collect();
        let top = best.iter().map(|(specificity, _)| *specificity).max()?;
        best.retain(|(specificity, _)| *specificity == top);
        let first = best.first()?.1;
        let mut subsets: Vec<Subset> = Vec::new();
        for subset in best.iter().flat_map(|(_, rule)| &rule.spec.subsets) {
            if !subsets.iter().any(|known| known.name == subset.name) {
                subsets.push(subset.clone());
            }
        }
        let policy = best.iter().find_map(|(_, rule)| rule.spec.traffic_policy.clone());
        Some(Rule {
            name: first.metadata.name.to_string(),
            namespace: first.metadata.namespace.to_string(),
            policy: policy.unwrap_or_default(),
            subsets,
        })
    }
}
