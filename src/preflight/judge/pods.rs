//! Pods: those of the application, and whether ours would be let in beside them. Pure.

use std::collections::BTreeMap;

use crate::application::Application;
use crate::cluster::image::AgentImage;
use crate::evidence::Agents;
use crate::preflight::facts::{Facts, PodSeen, Service};
use crate::preflight::finding::Finding;
use crate::preflight::pod_security;

/// More names than this are no help.
const NAMES_MAX: usize = 5;

pub(super) fn sidecars(application: &Application, facts: &Facts) -> Vec<Finding> {
    let (mut with, mut without, mut blind) = (0, Vec::new(), Vec::new());
    for (name, namespace) in &facts.namespaces {
        match &namespace.pods {
            Err(why) => blind.push(Finding::unseen(format!("pods in {name}"), &why.to_string())),
            Ok(pods) => {
                for pod in
                    pods.iter().filter(|pod| ours(application, name, &namespace.services, pod))
                {
                    if pod.sidecar {
                        with += 1;
                    } else {
                        without.push(format!("{name}/{}", pod.name));
                    }
                }
            }
        }
    }
    let mut findings = Vec::new();
    if with > 0 {
        findings.push(Finding::ok("sidecars", format!("in {with} pods of the application")));
    }
    if !without.is_empty() {
        let some = without.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
        let more = without.len().saturating_sub(NAMES_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        findings.push(
            Finding::warning("sidecars", format!("none in {some}{more}"))
                .hint("what they send or serve is not seen; restart them once injection is on"),
        );
    }
    findings.extend(blind);
    findings
}

/// Whether a pod belongs to a service of the application, or to a client.
fn ours<E>(
    application: &Application,
    namespace: &str,
    services: &Result<Vec<Service>, E>,
    pod: &PodSeen,
) -> bool {
    let selected = services.iter().flatten().any(|service| {
        let known = application.services.values();
        let mut known = known.filter(|known| known.namespace == namespace);
        known.any(|known| known.name == service.name)
            && !service.selector.is_empty()
            && service.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    });
    let app = pod.labels.get("app");
    let mut clients = application.clients.values().filter(|it| it.namespace == namespace);
    selected || clients.any(|client| app == Some(&client.workload))
}

pub(super) fn security(application: &Application, facts: &Facts) -> Vec<Finding> {
    let what = |name: &str| format!("Pod Security in {name}");
    let (mut findings, mut fine) = (Vec::new(), BTreeMap::<String, Vec<&str>>::new());
    // Where its image is makes no difference.
    let image = AgentImage::own();
    let client = application.clients.values().next();
    let agent = client.map(|client| Agents::deployment(client, "", &image));
    let spec = agent.and_then(|agent| agent.pointer("/spec/template/spec").cloned());
    let lacks = spec.map(|spec| pod_security::lacks(&spec)).unwrap_or_default();
    for (name, namespace) in &facts.namespaces {
        let Ok(Some(itself)) = &namespace.itself else { continue };
        let level = itself.labels.get("pod-security.kubernetes.io/enforce").map(String::as_str);
        let iptables = namespace.pods.iter().flatten().any(|pod| pod.iptables);
        match level {
            None | Some("privileged") => {
                fine.entry(level.unwrap_or("no level enforced").to_owned()).or_default().push(name);
            }
            Some(level) if iptables => {
                let seen = format!(
                    "`{level}` refuses the init container that leads traffic into Istio's sidecars"
                );
                let hint = "new pods there cannot start: Istio's CNI plugin does without it";
                findings.push(Finding::missing(what(name), seen).hint(hint));
            }
            Some("restricted") if !lacks.is_empty() => {
                let seen =
                    format!("`restricted` refuses our pods, which lack {}", lacks.join(", "));
                findings.push(
                    Finding::missing(what(name), seen)
                        .hint("enforce `baseline` there for the time of the run"),
                );
            }
            Some(level) => fine.entry(level.to_owned()).or_default().push(name),
        }
    }
    let told: Vec<_> =
        fine.iter().map(|(level, names)| format!("{level}: {}", names.join(", "))).collect();
    if !told.is_empty() {
        findings.insert(0, Finding::ok("Pod Security", told.join("; ")));
    }
    findings
}

pub(super) fn quotas(application: &Application, facts: &Facts) -> Vec<Finding> {
    let (mut findings, mut looked) = (Vec::new(), 0);
    for (name, namespace) in &facts.namespaces {
        let what = format!("quotas in {name}");
        let quotas = match &namespace.quotas {
            Ok(quotas) => quotas,
            Err(why) => {
                findings.push(Finding::unseen(what, &why.to_string()));
                continue;
            }
        };
        looked += 1;
        let agents = application.clients.values().filter(|it| it.namespace == *name).count();
        // A watchdog where something is changed, beside the agents of the clients.
        let (agents, all) = (agents as u64, agents as u64 + 1);
        for quota in quotas {
            match quota.pods_left {
                Some(left) if left < agents => {
                    let seen =
                        format!("{} leaves {}, and a run adds {agents}", quota.name, counted(left));
                    let hint =
                        format!("raise it: kubectl edit resourcequota {} -n {name}", quota.name);
                    findings.push(Finding::missing(what.clone(), seen).hint(hint));
                }
                Some(left) if left < all => {
                    let seen =
                        format!("{} leaves {}: none for a watchdog", quota.name, counted(left));
                    findings.push(
                        Finding::warning(what.clone(), seen)
                            .hint("a run that changes what was there before would refuse"),
                    );
                }
                Some(_) | None => {}
            }
            if !quota.wants.is_empty() {
                let (quota_name, wants) = (&quota.name, quota.wants.join(", "));
                let seen = format!("{quota_name} limits {wants}, and our pods ask for none");
                findings.push(
                    Finding::warning(what.clone(), seen)
                        .hint("a LimitRange with defaults lets them in"),
                );
            }
        }
    }
    if findings.is_empty() && looked > 0 {
        findings.push(Finding::ok("quotas", "room for every pod of a run"));
    }
    findings
}

fn counted(pods: u64) -> String {
    match pods {
        1 => "1 pod".to_owned(),
        several => format!("{several} pods"),
    }
}
