//! The rules between objects, for `faultless check`: what no API server objects to, because each
//! object by itself is right, and what makes a scenario mean something else than it says.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::admission::admit;
use crate::destination::{Destination, RouteDestination};
use crate::destination_rule::DestinationRule;
use crate::host::{fqdn, resolve};
use crate::http_match::HttpMatch;
use crate::http_route::HttpRoute;
use crate::virtual_service::VirtualService;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot do what it says.
    Error,
    /// It may not do what was meant.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// `VirtualService travel-agency/hotels`
    pub object: String,
    /// `spec.http[0].route[1].destination.subset`; empty where the whole object is meant.
    pub field: String,
    /// What is wrong, a lower-case fragment.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.object, self.message),
            field => write!(f, "{}: {field}: {}", self.object, self.message),
        }
    }
}

/// Judges objects that will be in a mesh together; `known_services` are (name, namespace). Each
/// object is admitted strictly first; one that is refused is not judged further. Findings come in
/// the order of the objects.
#[must_use]
pub fn check(objects: &[Value], known_services: &[(String, String)]) -> Vec<Finding> {
    let mut checker = Checker { found: Vec::new(), services: known_services, rules: Vec::new() };
    let mut virtual_services: Vec<VirtualService> = Vec::new();
    for object in objects {
        let kind = object["kind"].as_str().unwrap_or_default();
        let Some(admitted) = checker.admitted(kind, object) else { continue };
        if kind == "VirtualService" {
            virtual_services.extend(VirtualService::from_object(&admitted));
        } else if kind == "DestinationRule" {
            checker.rules.extend(DestinationRule::from_object(&admitted));
        }
    }
    for rule in checker.rules.clone() {
        let name = name("DestinationRule", &rule.metadata.namespace, &rule.metadata.name);
        let host = resolve(&rule.spec.host, &rule.metadata.namespace);
        checker.host(&name, "spec.host", &host);
    }
    for object in &virtual_services {
        checker.virtual_service(object);
    }
    checker.repeated_hosts(&virtual_services);
    checker.found
}

fn name(kind: &str, namespace: &str, name: &str) -> String {
    format!("{kind} {namespace}/{name}")
}

struct Checker<'a> {
    found: Vec<Finding>,
    services: &'a [(String, String)],
    rules: Vec<DestinationRule>,
}

// === impl Checker ===

impl Checker<'_> {
    fn find(&mut self, severity: Severity, object: &str, field: &str, message: String) {
        let (object, field) = (object.to_owned(), field.to_owned());
        self.found.push(Finding { severity, object, field, message });
    }

    fn admitted(&mut self, kind: &str, object: &Value) -> Option<Value> {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        let name = name(kind, text("namespace"), text("name"));
        match admit(kind, object, true) {
            Ok((admitted, warnings)) => {
                for warning in warnings {
                    self.find(Severity::Warning, &name, "", warning);
                }
                Some(admitted)
            }
            Err(refusal) => {
                self.find(Severity::Error, &name, "", refusal);
                None
            }
        }
    }

    fn virtual_service(&mut self, object: &VirtualService) {
        let namespace = &object.metadata.namespace;
        let name = name("VirtualService", namespace, &object.metadata.name);
        for (index, host) in object.spec.hosts.iter().enumerate() {
            let field = format!("spec.hosts[{index}]");
            self.host(&name, &field, &resolve(host, namespace));
        }
        for (index, route) in object.spec.http.iter().enumerate() {
            let path = format!("spec.http[{index}]");
            self.destinations(&name, namespace, &path, &route.route);
            let several = route.mirrors.iter().map(|mirror| &*mirror.destination);
            for mirror in route.mirror.iter().chain(several) {
                self.destination(&name, namespace, &format!("{path}.mirror"), mirror);
            }
            self.fault_alone(&name, &path, route);
        }
        for (index, route) in object.spec.tcp.iter().enumerate() {
            let path = format!("spec.tcp[{index}]");
            self.destinations(&name, namespace, &path, &route.route);
        }
        self.shadowed(&name, &object.spec.http);
    }

    /// The weights sum to 100 where people expect percentages, and every destination exists.
    fn destinations(
        &mut self,
        object: &str,
        namespace: &str,
        path: &str,
        route: &[RouteDestination],
    ) {
        for (index, share) in route.iter().enumerate() {
            let field = format!("{path}.route[{index}].destination");
            self.destination(object, namespace, &field, &share.destination);
        }
        let sum: i64 = route.iter().map(|share| i64::from(share.weight.unwrap_or(0))).sum();
        if route.len() > 1 && sum != 100 {
            let message = format!("weights sum to {sum}, not 100: they are shares of {sum}");
            self.find(Severity::Error, object, &format!("{path}.route"), message);
        }
    }

    fn destination(&mut self, object: &str, namespace: &str, path: &str, to: &Destination) {
        let host = resolve(&to.host, namespace);
        self.host(object, &format!("{path}.host"), &host);
        if to.subset.is_empty() {
            return;
        }
        let of_host = |rule: &&DestinationRule| {
            let own = resolve(&rule.spec.host, &rule.metadata.namespace);
            own == host || own.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix))
        };
        let known: BTreeSet<&str> = self
            .rules
            .iter()
            .filter(of_host)
            .flat_map(|rule| rule.spec.subsets.iter().map(|subset| subset.name.as_str()))
            .collect();
        if !known.contains(to.subset.as_str()) {
            let known: Vec<&str> = known.into_iter().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!(
                "no DestinationRule for {host} has the subset {:?} (it has: {known}); requests \
                 would be answered 503 NC",
                to.subset
            );
            self.find(Severity::Error, object, &format!("{path}.subset"), message);
        }
    }

    fn host(&mut self, object: &str, field: &str, host: &str) {
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
        let message = format!("no service is called {host}{hint}");
        self.find(Severity::Error, object, field, message);
    }

    /// Istio promises neither timeouts nor retries beside a fault on one rule.
    fn fault_alone(&mut self, object: &str, path: &str, route: &HttpRoute) {
        if route.fault.is_none() {
            return;
        }
        let beside = [("timeout", route.timeout.is_some()), ("retries", route.retries.is_some())];
        for (field, _) in beside.into_iter().filter(|(_, is_set)| *is_set) {
            let message = format!(
                "{field} and fault on one rule: the delay does not count against the timeout and \
                 an abort is never retried; put them on different hops"
            );
            self.find(Severity::Error, object, &format!("{path}.{field}"), message);
        }
    }

    /// Rules whose every condition an earlier rule meets already.
    fn shadowed(&mut self, object: &str, rules: &[HttpRoute]) {
        for (index, rule) in rules.iter().enumerate() {
            let earlier = |number: &usize| {
                let before = &rules[*number];
                let everything = [HttpMatch::default()];
                let blocks = |rule: &'_ HttpRoute| -> Vec<HttpMatch> {
                    if rule.matches.is_empty() {
                        everything.to_vec()
                    } else {
                        rule.matches.to_vec()
                    }
                };
                let wider = blocks(before);
                blocks(rule).iter().all(|block| wider.iter().any(|wide| covers(wide, block)))
            };
            if let Some(number) = (0..index).find(earlier) {
                let message = format!("can never be used: rule {number} meets the same requests");
                self.find(Severity::Error, object, &format!("spec.http[{index}]"), message);
            }
        }
    }

    /// In sidecars two objects for one host do not merge.
    fn repeated_hosts(&mut self, objects: &[VirtualService]) {
        let on_mesh: Vec<&VirtualService> =
            objects.iter().filter(|object| object.on_mesh()).collect();
        for (index, object) in on_mesh.iter().enumerate() {
            let hosts = |object: &VirtualService| -> BTreeSet<String> {
                let namespace = &object.metadata.namespace;
                object.spec.hosts.iter().map(|host| resolve(host, namespace)).collect()
            };
            let own = hosts(object);
            for earlier in &on_mesh[..index] {
                // The same object written again is an update.
                if earlier.metadata.name == object.metadata.name
                    && earlier.metadata.namespace == object.metadata.namespace
                {
                    continue;
                }
                if let Some(host) = hosts(earlier).intersection(&own).next() {
                    let other =
                        name("VirtualService", &earlier.metadata.namespace, &earlier.metadata.name);
                    let message = format!(
                        "{host} already has {other}: two objects for one host do not merge, the \
                         older one wins"
                    );
                    let metadata = &object.metadata;
                    let this = name("VirtualService", &metadata.namespace, &metadata.name);
                    self.find(Severity::Error, &this, "spec.hosts", message);
                }
            }
        }
    }
}

/// Whether whatever meets `block` also meets `wide`. Only what can be seen for sure counts: equal
/// conditions, absent ones, and prefixes of paths.
fn covers(wide: &HttpMatch, block: &HttpMatch) -> bool {
    let path = match (&wide.uri, &block.uri) {
        (None, _) => true,
        (Some(wide), Some(uri)) if wide == uri => true,
        (Some(wide), uri) => {
            let narrow = uri.as_ref().and_then(|uri| uri.exact.as_ref().or(uri.prefix.as_ref()));
            match (&wide.prefix, &wide.regex, narrow) {
                (Some(prefix), _, _) if prefix == "/" => true,
                (_, Some(regex), _) if regex == ".*" || regex == "*" => true,
                (Some(prefix), _, Some(narrow)) => narrow.starts_with(prefix.as_str()),
                _ => false,
            }
        }
    };
    let one = |wide: &Option<_>, own: &Option<_>| wide.is_none() || wide == own;
    let map = |wide: &std::collections::BTreeMap<_, _>, own: &std::collections::BTreeMap<_, _>| {
        wide.iter().all(|(key, value)| own.get(key) == Some(value))
    };
    path && one(&wide.scheme, &block.scheme)
        && one(&wide.method, &block.method)
        && one(&wide.authority, &block.authority)
        && map(&wide.headers, &block.headers)
        && map(&wide.without_headers, &block.without_headers)
        && map(&wide.query_params, &block.query_params)
        && wide.source_labels.iter().all(|(k, v)| block.source_labels.get(k) == Some(v))
        && (wide.source_namespace.is_empty() || wide.source_namespace == block.source_namespace)
        && (wide.gateways.is_empty() || wide.gateways == block.gateways)
        && (wide.port.is_none() || wide.port == block.port)
        && wide.ignore_uri_case == block.ignore_uri_case
}

#[cfg(test)]
mod tests;
