//! What of a mesh the scenarios' own Istio configuration names: whether it is there nobody can say
//! who does not ask. Pure.

use std::collections::BTreeSet;

use istio::{Destination, DestinationRule, Object, VirtualService, resolve};

use crate::application::Application;

/// Something of the mesh that an object names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// `VirtualService travel-agency/hotels`
    pub(super) object: String,
    /// `spec.gateways[0]`
    pub(super) field: String,
    pub(super) to: Target,
}

/// What is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// A service, or what a `ServiceEntry` declares, by its full name.
    Host(String),
    /// A `Gateway`: namespace and name.
    Gateway(String, String),
    /// A `VirtualService` that a rule is left to: namespace and name.
    Delegate(String, String),
}

/// Everything that these objects name and that is neither the application's nor among them.
pub(super) fn references(objects: &[Object], application: &Application) -> Vec<Reference> {
    let (mut all, mut known) = (Vec::<Reference>::new(), BTreeSet::new());
    for object in objects {
        let named = match object {
            Object::VirtualService(service) => of_service(service),
            Object::DestinationRule(rule) => of_rule(rule),
        };
        for (field, to) in named {
            // One place for each is enough to correct it.
            if known.insert(to.clone()) && !is_ours(&to, objects, application) {
                all.push(Reference { object: object.to_string(), field, to });
            }
        }
    }
    all
}

fn is_ours(to: &Target, objects: &[Object], application: &Application) -> bool {
    match to {
        Target::Host(host) => application.services.values().any(|service| {
            let fqdn = istio::fqdn(&service.name, &service.namespace);
            fqdn == *host || host.strip_prefix('*').is_some_and(|suffix| fqdn.ends_with(suffix))
        }),
        Target::Gateway(..) => false,
        Target::Delegate(namespace, name) => objects.iter().any(|object| {
            let own = object.metadata();
            object.kind() == "VirtualService" && *own.namespace == *namespace && *own.name == *name
        }),
    }
}

fn of_service(service: &VirtualService) -> Vec<(String, Target)> {
    let namespace = service.metadata.namespace.as_str();
    let mut all = Vec::new();
    for (index, gateway) in service.spec.gateways.iter().enumerate() {
        if gateway != "mesh" {
            let (of, name) = gateway.split_once('/').unwrap_or((namespace, gateway));
            let target = Target::Gateway(of.to_owned(), name.to_owned());
            all.push((format!("spec.gateways[{index}]"), target));
        }
    }
    // What a gateway is called by needs no service.
    if service.spec.gateways.iter().all(|name| name == "mesh") {
        for (index, host) in service.spec.hosts.iter().enumerate() {
            all.push((format!("spec.hosts[{index}]"), Target::Host(resolve(host, namespace))));
        }
    }
    let to = |path: String, to: &Destination| {
        (format!("{path}.host"), Target::Host(resolve(&to.host, namespace)))
    };
    for (index, rule) in service.spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        for (share, one) in rule.route.iter().enumerate() {
            all.push(to(format!("{path}.route[{share}].destination"), &one.destination));
        }
        let several = rule.mirrors.iter().map(|mirror| &*mirror.destination);
        all.extend(rule.mirror.iter().map(|mirror| to(format!("{path}.mirror"), mirror)));
        for (number, mirror) in several.enumerate() {
            all.push(to(format!("{path}.mirrors[{number}].destination"), mirror));
        }
        if let Some(delegate) = &rule.delegate {
            let text = |field: &str| delegate.get(field).and_then(|value| value.as_str());
            let of = text("namespace").filter(|of| !of.is_empty()).unwrap_or(namespace);
            let name = text("name").unwrap_or_default();
            let target = Target::Delegate(of.to_owned(), name.to_owned());
            all.push((format!("{path}.delegate"), target));
        }
    }
    for (index, rule) in service.spec.tcp.iter().enumerate() {
        for (share, one) in rule.route.iter().enumerate() {
            all.push(to(format!("spec.tcp[{index}].route[{share}].destination"), &one.destination));
        }
    }
    all
}

fn of_rule(rule: &DestinationRule) -> Vec<(String, Target)> {
    let host = resolve(&rule.spec.host, &rule.metadata.namespace);
    vec![("spec.host".to_owned(), Target::Host(host))]
}
