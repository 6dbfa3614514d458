//! Hosts: what they mean where they stand, and whether somebody has that name. Of a name that the
//! application does not have nobody can say offline that it is wrong: it may be a gateway's, that
//! of a `ServiceEntry`, or of somebody else's service. One that is nearly the application's is.

use std::collections::BTreeSet;

use super::finding::{Finding, Findings};
use super::surroundings::{Service, Surroundings};
use crate::host::{DOMAIN, resolve};
use crate::object::Object;
use crate::virtual_service::VirtualService;

/// A host as an object spells it.
pub(super) struct Spelled<'a> {
    pub(super) host: &'a str,
    /// Of the object.
    pub(super) namespace: &'a str,
    /// Whether it may also be what a gateway is called by, which needs no service.
    pub(super) of_gateway: bool,
}

// === impl Spelled ===

impl Spelled<'_> {
    /// Whether a service has this name, as Istio understands it.
    pub(super) fn check(&self, around: &Surroundings, field: &str, found: &mut Findings) {
        let (host, services) = (resolve(self.host, self.namespace), &around.services);
        let is = |service: &&Service| {
            let fqdn = service.fqdn();
            fqdn == host || host.strip_prefix('*').is_some_and(|suffix| fqdn.ends_with(suffix))
        };
        let short = !self.host.contains(['.', '*']);
        let elsewhere = |service: &&Service| {
            short && service.name == self.host && service.namespace != self.namespace
        };
        let elsewhere = services.iter().find(elsewhere).map(Service::fqdn);
        if services.iter().any(|service| is(&service)) {
            if let Some(other) = elsewhere {
                let message = format!("`{}` means {host} here, and not {other}", self.host);
                found.warning_at(field, message);
            }
            return;
        }
        let within = around.namespaces();
        if let Some(other) = elsewhere {
            let message = format!(
                "no service is called {host}; the nearest is {other}: a name without a dot is one \
                 in the object's own namespace"
            );
            // The application's own namespaces are known, others are not.
            return match within.contains(self.namespace) {
                true => found.error(field, message),
                false => found.warning_at(field, message),
            };
        }
        if let Some(near) = meant(&host, &within, services) {
            return found
                .error(field, format!("no service is called {host}; the nearest is {near}"));
        }
        if !self.of_gateway {
            found.warning_at(
                field,
                format!(
                    "no service of the application is called {host}: it does something only if a \
                     ServiceEntry or another service of the mesh has that name"
                ),
            );
        }
    }
}

/// The service that is meant by a name which is nearly its own: a part of its full name, which
/// Istio does not complete, or one that is misspelt.
fn meant(host: &str, within: &BTreeSet<&str>, services: &[Service]) -> Option<String> {
    let part = |service: &&Service| {
        let (fqdn, own) = (service.fqdn(), format!("{}.{}", service.name, service.namespace));
        host == own || host == format!("{own}.svc") || fqdn.strip_suffix(".local") == Some(host)
    };
    if let Some(service) = services.iter().find(part) {
        return Some(service.fqdn());
    }
    let (name, rest) = host.split_once('.')?;
    let namespace = rest.strip_suffix(DOMAIN)?.strip_suffix('.')?;
    let misspelt = |service: &&Service| match service.namespace == namespace {
        true => near(name, &service.name),
        // The name is right, and the namespace nearly.
        false => {
            service.name == name
                && (near(namespace, &service.namespace) || within.contains(namespace))
        }
    };
    let meant = services.iter().filter(misspelt);
    meant.map(Service::fqdn).min_by_key(|fqdn| strsim::levenshtein(fqdn, host))
}

/// Within two typing errors, of which a short name has no room for.
fn near(name: &str, known: &str) -> bool {
    let distance = strsim::damerau_levenshtein(name, known);
    distance <= 2 && distance < known.chars().count().div_ceil(2)
}

/// In sidecars two objects for one host do not merge (pilot's `push_context.go`; gateways merge
/// them).
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
