//! The order in which objects are looked at: each by itself, then together.

use super::destinations::Known;
use super::finding::{Finding, Findings};
use super::hosts::{Spelled, repeated_hosts};
use super::routes::{destinations, fault_alone};
use super::scopes::{callers, destination_rule, exported};
use super::shadowed::shadowed;
use super::surroundings::Surroundings;
use crate::admit::admit;
use crate::object::Object;
use crate::virtual_service::VirtualService;

/// Judges objects that will be in a mesh together, by what is known of it. Each object is admitted
/// strictly first; one that is refused is not judged further.
#[must_use]
pub fn analyze(objects: &[Object], around: &Surroundings) -> Vec<Finding> {
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
    let (mut services, mut rules) = (Vec::new(), Vec::new());
    let mut known = Known::new(around, objects);
    for object in &admitted {
        match object {
            Object::DestinationRule(rule) => {
                known.add(rule);
                rules.push(rule);
            }
            Object::VirtualService(service) => services.push(service),
        }
    }
    for rule in rules {
        let mut own = Findings::named("DestinationRule", &rule.metadata);
        let (host, namespace) = (&rule.spec.host, &rule.metadata.namespace);
        let spelled = Spelled { host, namespace, of_gateway: false };
        spelled.check(around, "spec.host", &mut own);
        destination_rule(rule, around, &mut own);
        found.extend(own.into_vec());
    }
    for service in services {
        let mut own = Findings::named("VirtualService", &service.metadata);
        virtual_service(service, &known, &mut own);
        found.extend(own.into_vec());
    }
    found.extend(repeated_hosts(&admitted));
    found
}

fn virtual_service(object: &VirtualService, known: &Known<'_>, found: &mut Findings) {
    let namespace = object.metadata.namespace.as_str();
    // What a gateway is called by needs no service.
    let of_gateway = object.spec.gateways.iter().any(|name| name != "mesh");
    for (index, host) in object.spec.hosts.iter().enumerate() {
        let spelled = Spelled { host, namespace, of_gateway };
        spelled.check(known.around, &format!("spec.hosts[{index}]"), found);
    }
    exported(&object.spec.export_to, namespace, known.around, found);
    for (index, route) in object.spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        destinations(&route.route, namespace, &path, known, found);
        let several = route.mirrors.iter().map(|mirror| &*mirror.destination);
        for mirror in route.mirror.iter().chain(several) {
            known.destination(mirror, namespace, &format!("{path}.mirror"), found);
        }
        if let Some(delegate) = &route.delegate {
            known.delegate(delegate, namespace, &format!("{path}.delegate"), found);
        }
        fault_alone(route, &path, found);
        callers(route, &path, known.around, found);
    }
    for (index, route) in object.spec.tcp.iter().enumerate() {
        destinations(&route.route, namespace, &format!("spec.tcp[{index}]"), known, found);
    }
    shadowed(&object.spec.http, found);
}
