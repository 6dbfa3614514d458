//! Whether the pods from which load is sent see the hosts that are configured: a `Sidecar` may
//! leave them out. Pure.

use istio::{Object, resolve};
use serde_json::Value;

use crate::application::Application;
use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

/// Hosts of the application that a namespace's own `Sidecar` hides from our load agents. One for
/// chosen pods is not for the agents, which have labels of their own.
pub(super) fn hidden(application: &Application, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for object in &facts.configured.objects {
        let own = object.metadata();
        let hosts = object.hosts().iter().map(|host| resolve(host, &own.namespace));
        let hosts: Vec<String> = hosts.collect();
        let services = application.services.values();
        let services = services.filter(|it| hosts.contains(&istio::fqdn(&it.name, &it.namespace)));
        for service in services {
            for (namespace, sidecars) in &facts.configured.sidecars {
                let host = istio::fqdn(&service.name, &service.namespace);
                let hides = |sidecar: &&Value| {
                    let egress = strings(sidecar);
                    let chosen = sidecar.pointer("/spec/workloadSelector").is_some();
                    !chosen
                        && !egress.is_empty()
                        && !egress.iter().any(|to| sees(to, namespace, &service.namespace, &host))
                };
                let Some(sidecar) = sidecars.iter().flatten().find(hides) else { continue };
                let name = sidecar.pointer("/metadata/name").and_then(Value::as_str);
                let seen = format!(
                    "{host} is hidden from pods in {namespace} by Sidecar {}",
                    name.unwrap_or_default()
                );
                let hint = "their requests to it do not go by what is configured";
                let finding = Finding::warning(object.to_string(), seen).hint(hint);
                findings.extend((!matches!(object, Object::DestinationRule(_))).then_some(finding));
            }
        }
    }
    findings
}

/// The hosts of all egress listeners, as `NAMESPACE/HOST`.
fn strings(sidecar: &Value) -> Vec<&str> {
    let egress = sidecar.pointer("/spec/egress").and_then(Value::as_array).into_iter().flatten();
    let hosts = egress.filter_map(|one| one["hosts"].as_array()).flatten();
    hosts.filter_map(Value::as_str).collect()
}

/// Whether pods in `from` see a host of the namespace `of` (Istio's `Sidecar`,
/// `IstioEgressListener.hosts`).
fn sees(to: &str, from: &str, of: &str, host: &str) -> bool {
    let Some((namespace, name)) = to.split_once('/') else { return false };
    let within = match namespace {
        "*" => true,
        "." => from == of,
        "~" => false,
        named => named == of,
    };
    within && (name == host || name.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_seen_by_namespace_and_name() {
        let host = "cart.shop.svc.cluster.local";
        for to in ["*/*", "shop/*", "./*", "*/cart.shop.svc.cluster.local", "shop/*.cluster.local"]
        {
            assert_eq!(sees(to, "front", "shop", host), to != "./*", "{to}");
        }
        assert!(sees("./*", "shop", "shop", host));
        for to in ["~/*", "front/*", "shop/db.shop.svc.cluster.local", "*"] {
            assert!(!sees(to, "front", "shop", host), "{to}");
        }
    }
}
