//! Whether the scenarios' own Istio configuration can do in this mesh what it says. Pure.

use std::collections::BTreeMap;

use istio::{Object, VirtualService, concerns, fqdn, resolve, share_proxies};
use serde_json::Value;

use crate::application::{Application, Service as Described};
use crate::preflight::facts::{Facts, Namespace, PodSeen, Seen, Service};
use crate::preflight::finding::Finding;
use crate::preflight::references::{Reference, Target};

pub(super) fn configured(application: &Application, facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = facts.configured.references.iter().filter_map(named).collect();
    findings.extend(unnamed(facts));
    findings.extend(unseen("virtualservices", &facts.configured.services));
    findings.extend(unseen("sidecars", &facts.configured.sidecars));
    findings.extend(elsewhere(facts));
    for object in &facts.configured.objects {
        match object {
            Object::VirtualService(service) if service.on_mesh() => {
                findings.extend(others(object, service, facts));
            }
            Object::VirtualService(_) => {}
            Object::DestinationRule(rule) => {
                let host = resolve(&rule.spec.host, &rule.metadata.namespace);
                let subsets = rule.spec.subsets.iter().enumerate();
                findings.extend(subsets.filter_map(|(index, subset)| {
                    let (described, service, within) = of_host(&host, application, facts)?;
                    let pods = within.pods.as_ref().ok()?;
                    let wanted = service.selector.iter().chain(&*subset.labels);
                    let all = |pod: &PodSeen| {
                        wanted.clone().all(|(key, value)| pod.labels.get(key) == Some(value))
                    };
                    // Versions that are described, a scenario deploys before it uses them.
                    let deployed = |(key, value): (&String, &String)| {
                        key == "version" && described.versions.contains(value)
                    };
                    // Without a selector its pods are somebody else's business.
                    let ours = !service.selector.is_empty() && !subset.labels.iter().all(deployed);
                    (ours && !pods.iter().any(all)).then(|| {
                        let seen = format!(
                            "spec.subsets[{index}].labels: no pod of {} has them: 503 UH",
                            service.name
                        );
                        let hint = "right only if the scenario deploys such pods first";
                        Finding::warning(object.to_string(), seen).hint(hint)
                    })
                }));
            }
        }
    }
    findings
}

/// What is named and could not be looked at: once for each reason, which is often one for all.
fn unnamed(facts: &Facts) -> Vec<Finding> {
    let mut reasons: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (Reference { object, field, .. }, there) in &facts.configured.references {
        if let Err(why) = there {
            let first = || (format!("{object} {field}"), 0);
            reasons.entry(why.to_string()).or_insert_with(first).1 += 1;
        }
    }
    let told = reasons.into_iter().map(|(why, (first, count))| {
        let what = if count > 1 { format!("{first} and {} more", count - 1) } else { first };
        Finding::unseen(what, &why)
    });
    told.chain(facts.configured.unasked.then(|| {
        let seen = "more names are in the scenarios' objects than are asked for";
        Finding::warning("references", seen)
    }))
    .collect()
}

/// The namespaces whose objects of this kind could not be looked at.
fn unseen<'a>(
    kind: &'a str,
    seen: &'a BTreeMap<String, Seen<Vec<Value>>>,
) -> impl Iterator<Item = Finding> + 'a {
    seen.iter().filter_map(move |(namespace, there)| {
        let why = there.as_ref().err()?;
        Some(Finding::unseen(format!("{kind} in {namespace}"), &why.to_string()))
    })
}

/// What is named and not there.
fn named((reference, there): &(Reference, Seen<bool>)) -> Option<Finding> {
    let Reference { object, field, to } = reference;
    let (what, effect) = match to {
        Target::Host(host) => (
            format!("no service and no ServiceEntry is called {host}"),
            "sidecars know no such host: what is said of it has no effect",
        ),
        Target::Gateway(namespace, name) => (
            format!("there is no Gateway {namespace}/{name}"),
            "no gateway has what is said for it",
        ),
        Target::Delegate(namespace, name) => {
            (format!("there is no VirtualService {namespace}/{name}"), "Istio leaves the rule out")
        }
    };
    match there {
        Ok(true) | Err(_) => None,
        Ok(false) => {
            Some(Finding::warning(object.clone(), format!("{field}: {what}")).hint(effect))
        }
    }
}

/// That only the application's namespaces were looked at. With the rights of the README that is so,
/// and no reason to warn of each run.
fn elsewhere(facts: &Facts) -> Option<Finding> {
    let why = facts.configured.elsewhere.as_ref()?;
    let routes =
        |object: &Object| matches!(object, Object::VirtualService(service) if service.on_mesh());
    let seen = format!("others may have routes for the same hosts, too: {why}");
    let asked = facts.configured.objects.iter().any(routes);
    asked.then(|| Finding::ok("elsewhere", seen))
}

/// Other people's objects for the same hosts: sidecars obey one of them, the oldest (pilot's
/// `sidecar.go`); a run changes the one in its own object's namespace.
fn others(object: &Object, service: &VirtualService, facts: &Facts) -> Vec<Finding> {
    let own = &service.metadata;
    let hosts = service.spec.hosts.iter().map(|host| resolve(host, &own.namespace));
    let hosts: Vec<String> = hosts.collect();
    let (mut findings, value) = (Vec::new(), object.to_value());
    for (namespace, there) in &facts.configured.services {
        let Ok(there) = there else { continue };
        let same = |other: &&Value| {
            let other = *other;
            let seen = seen_in(other, namespace, &facts.namespaces);
            seen && share_proxies(&value, other) && hosts.iter().any(|host| concerns(other, host))
        };
        let names = there.iter().filter(same).map(|other| {
            other.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned()
        });
        let names: Vec<String> = names.collect();
        let here = *namespace == *own.namespace;
        if names.len() > usize::from(here) {
            let seen = format!("spec.hosts: {namespace} has {} for them too", names.join(", "));
            let hint = if here {
                "sidecars obey the oldest, which is the one that a run changes"
            } else {
                "sidecars obey the oldest of all that they see: ours may have no effect"
            };
            findings.push(Finding::warning(object.to_string(), seen).hint(hint));
        }
    }
    findings
}

/// Whether pods in one of these namespaces see an object: it is for all unless it says for whom.
fn seen_in(object: &Value, namespace: &str, ours: &BTreeMap<String, Namespace>) -> bool {
    let said = object.pointer("/spec/exportTo").and_then(Value::as_array);
    let mut said = said.into_iter().flatten().filter_map(Value::as_str).peekable();
    said.peek().is_none()
        || said.any(|to| match to {
            "*" => true,
            "." => ours.contains_key(namespace),
            to => ours.contains_key(to),
        })
}

/// The service of the application that has this host, as it is described and as it was seen.
fn of_host<'a>(
    host: &str,
    application: &'a Application,
    facts: &'a Facts,
) -> Option<(&'a Described, &'a Service, &'a Namespace)> {
    let described = application.services.values();
    let mut described = described.filter(|it| fqdn(&it.name, &it.namespace) == host);
    let described = described.next()?;
    let within = facts.namespaces.get(&described.namespace)?;
    let service = within.services.as_ref().ok()?.iter().find(|it| it.name == described.name)?;
    Some((described, service, within))
}
