//! Whether the application's services and its clients' workloads are there. Pure.

use crate::application::Application;
use crate::preflight::facts::{Facts, Namespace};
use crate::preflight::finding::{Finding, State};
use crate::units::nearest;

pub(super) fn services(application: &Application, facts: &Facts) -> Vec<Finding> {
    let (mut findings, mut there) = (Vec::new(), 0);
    for service in application.services.values() {
        let what = format!("service {}/{}", service.namespace, service.name);
        let Some(namespace) = looked_at(facts, &service.namespace) else { continue };
        let Ok(known) = &namespace.services else { continue };
        match known.iter().find(|known| known.name == service.name) {
            Some(known) if known.ports.contains(&u64::from(service.port)) => there += 1,
            Some(known) => {
                let ports: Vec<_> = known.ports.iter().map(u64::to_string).collect();
                let seen = format!("it has no port {}, but {}", service.port, ports.join(", "));
                findings.push(Finding::missing(what, seen).hint("correct it in application.yaml"));
            }
            None => {
                let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
                findings.push(absent(what, &service.name, &names));
            }
        }
    }
    if there > 0 {
        findings.insert(0, Finding::ok("services", format!("{there} of the application")));
    }
    let blind = facts.namespaces.iter().filter_map(|(name, namespace)| {
        let why = namespace.services.as_ref().err()?;
        Some(Finding::unseen(format!("services in {name}"), &why.to_string()))
    });
    findings.into_iter().chain(blind).collect()
}

pub(super) fn workloads(application: &Application, facts: &Facts) -> Vec<Finding> {
    let (mut findings, mut there) = (Vec::new(), 0);
    for client in application.clients.values() {
        let what = format!("workload {}/{}", client.namespace, client.workload);
        let Some(namespace) = looked_at(facts, &client.namespace) else { continue };
        let (Ok(deployments), Ok(pods)) = (&namespace.deployments, &namespace.pods) else {
            continue;
        };
        // It need not be a Deployment; its pods then say whose they are.
        let app = |labels: &std::collections::BTreeMap<String, String>| {
            labels.get("app").is_some_and(|app| *app == client.workload)
        };
        if deployments.contains(&client.workload) || pods.iter().any(|pod| app(&pod.labels)) {
            there += 1;
        } else {
            let names: Vec<&str> = deployments.iter().map(String::as_str).collect();
            let mut absent = absent(what, &client.workload, &names);
            if client.settings.is_none() {
                // A load agent stands beside it, and does not need it.
                absent.state = State::Warning;
            }
            findings.push(absent);
        }
    }
    if there > 0 {
        findings.insert(0, Finding::ok("workloads", format!("{there} of the clients")));
    }
    findings
}

/// A namespace that is there and stays, as far as is known.
fn looked_at<'a>(facts: &'a Facts, name: &str) -> Option<&'a Namespace> {
    let namespace = facts.namespaces.get(name)?;
    let stays = match &namespace.itself {
        Ok(Some(itself)) => !itself.terminating,
        Ok(None) => false,
        Err(_) => true,
    };
    stays.then_some(namespace)
}

fn absent(what: String, name: &str, known: &[&str]) -> Finding {
    /// More names than this are no help.
    const NAMES_MAX: usize = 10;
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? application.yaml says `{name}`"),
        None if known.is_empty() => {
            "there is none at all: is the application installed?".to_owned()
        }
        None => {
            let some: Vec<&str> = known.iter().copied().take(NAMES_MAX).collect();
            format!("there are: {}; correct application.yaml or install it", some.join(", "))
        }
    };
    Finding::missing(what, "it does not exist").hint(hint)
}
