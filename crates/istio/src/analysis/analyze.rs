//! The order in which objects are looked at: each by itself, then together.

use super::finding::{Finding, Findings};
use super::hosts::{Known, repeated_hosts};
use super::routes::{destinations, fault_alone};
use super::shadowed::shadowed;
use crate::admit::admit;
use crate::host::resolve;
use crate::object::Object;
use crate::virtual_service::VirtualService;

/// Judges objects that will be in a mesh together; `services` are (name, namespace). Each object is
/// admitted strictly first; one that is refused is not judged further.
#[must_use]
pub fn analyze(objects: &[Object], services: &[(String, String)]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut admitted = Vec::new();
    for object in objects {
        let mut own = Findings::of(object);
        match admit(object.kind(), &object.to_value(), true) {
            Ok((_, warnings)) => {
                for warning in warnings {
                    own.warning(warning);
                }
                admitted.push(object);
            }
            Err(refusal) => own.error("", refusal),
        }
        found.extend(own.into_vec());
    }
    let rules = admitted.iter().filter_map(|object| match object {
        Object::DestinationRule(rule) => Some(rule),
        Object::VirtualService(_) => None,
    });
    let known = Known { services, rules: rules.collect() };
    for object in &admitted {
        if let Object::DestinationRule(rule) = object {
            let mut own = Findings::of(object);
            known.host(&resolve(&rule.spec.host, &rule.metadata.namespace), "spec.host", &mut own);
            found.extend(own.into_vec());
        }
    }
    for object in &admitted {
        if let Object::VirtualService(service) = object {
            let mut own = Findings::of(object);
            virtual_service(service, &known, &mut own);
            found.extend(own.into_vec());
        }
    }
    found.extend(repeated_hosts(&admitted));
    found
}

fn virtual_service(object: &VirtualService, known: &Known<'_>, found: &mut Findings) {
    let namespace = object.metadata.namespace.as_str();
    for (index, host) in object.spec.hosts.iter().enumerate() {
        known.host(&resolve(host, namespace), &format!("spec.hosts[{index}]"), found);
    }
    for (index, route) in object.spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        destinations(&route.route, namespace, &path, known, found);
        let several = route.mirrors.iter().map(|mirror| &*mirror.destination);
        for mirror in route.mirror.iter().chain(several) {
            known.destination(mirror, namespace, &format!("{path}.mirror"), found);
        }
        fault_alone(route, &path, found);
    }
    for (index, route) in object.spec.tcp.iter().enumerate() {
        destinations(&route.route, namespace, &format!("spec.tcp[{index}]"), known, found);
    }
    shadowed(&object.spec.http, found);
}
