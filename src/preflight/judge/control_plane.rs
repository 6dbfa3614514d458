//! The control plane: whether it runs, whether it injects here, and what it wants of connections.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::application::Application;
use crate::preflight::facts::{ControlPlane, Facts, Mtls};
use crate::preflight::finding::Finding;

pub(super) fn runs(facts: &Facts) -> Vec<Finding> {
    let ControlPlane { namespace, pods, .. } = &facts.control_plane;
    let what = "control plane";
    let pods = match pods {
        Ok(pods) => pods,
        Err(why) => return vec![Finding::unseen(what, &why.to_string())],
    };
    if pods.is_empty() {
        let seen = format!("no pod app=istiod in {namespace}: remote, or managed by somebody else");
        return vec![Finding::warning(what, seen).hint(
            "whether the proxies have accepted a change is then read off the callers alone",
        )];
    }
    let ready: Vec<_> = pods.iter().filter(|pod| pod.ready).collect();
    if ready.is_empty() {
        let names: Vec<_> = pods.iter().map(|pod| pod.name.as_str()).collect();
        let seen = format!("no pod of it is ready in {namespace}: {}", names.join(", "));
        return vec![
            Finding::missing(what, seen)
                .hint(format!("kubectl describe pods -l app=istiod -n {namespace} says why")),
        ];
    }
    let mut told = BTreeMap::<(String, String), usize>::new();
    for pod in &ready {
        let version = match &pod.version {
            Ok(version) => format!("Istio {version}"),
            Err(_) => "a version that could not be looked at".to_owned(),
        };
        *told.entry((pod.revision.clone(), version)).or_default() += 1;
    }
    let told = told.iter().map(|((revision, version), count)| {
        let pods = if *count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
        format!("{version}, revision {revision}, {pods} in {namespace}")
    });
    vec![Finding::ok(what, told.collect::<Vec<_>>().join("; "))]
}

pub(super) fn injects(application: &Application, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let clients: BTreeSet<&str> =
        application.clients.values().map(|client| client.namespace.as_str()).collect();
    let mut by = BTreeMap::<String, Vec<&str>>::new();
    for (name, namespace) in &facts.namespaces {
        let Ok(Some(itself)) = &namespace.itself else { continue };
        let label = |key: &str| itself.labels.get(key).map(String::as_str);
        let what = format!("injection in {name}");
        if label("istio.io/dataplane-mode") == Some("ambient") {
            let seen = "the namespace is ambient: its pods have no sidecars, which faults and \
                        telemetry need";
            let hint = "take the label istio.io/dataplane-mode away and inject sidecars; ambient \
                        mode is not served";
            findings.push(Finding::missing(what, seen).hint(hint));
            continue;
        }
        match (label("istio-injection"), label("istio.io/rev")) {
            (Some("disabled"), _) if clients.contains(name.as_str()) => {
                let seen = "istio-injection=disabled: a load agent here would get no sidecar";
                findings.push(Finding::missing(what, seen).hint(enable(name)));
            }
            (Some("disabled"), _) => {
                let seen = "istio-injection=disabled: nothing here can be disturbed or seen";
                findings.push(Finding::warning(what, seen).hint(enable(name)));
            }
            (Some("enabled"), _) => {
                by.entry("istio-injection=enabled".into()).or_default().push(name);
            }
            (_, Some(revision)) if !known(facts, revision) => {
                let seen =
                    format!("istio.io/rev={revision}, and no control plane of that name is seen");
                let hint = "istioctl tag list shows revisions and their tags";
                findings.push(Finding::warning(what, seen).hint(hint));
            }
            (_, Some(revision)) => {
                by.entry(format!("istio.io/rev={revision}")).or_default().push(name);
            }
            (_, None) => by.entry("only pods that ask for it".into()).or_default().push(name),
        }
    }
    let fine: Vec<_> =
        by.iter().map(|(how, names)| format!("{how}: {}", names.join(", "))).collect();
    if !fine.is_empty() {
        findings.insert(0, Finding::ok("injection", fine.join("; ")));
    }
    findings
}

fn enable(namespace: &str) -> String {
    format!(
        "kubectl label namespace {namespace} istio-injection=enabled --overwrite, and restart its \
         pods"
    )
}

/// Whether a revision, or a tag of one, is known; what could not be looked at may be.
fn known(facts: &Facts, revision: &str) -> bool {
    let ControlPlane { pods, injectors, .. } = &facts.control_plane;
    let of_pods = pods.iter().flatten().any(|pod| pod.revision == revision);
    let of_injectors = injectors
        .iter()
        .flatten()
        .any(|injector| injector.revision == revision || injector.tag.as_deref() == Some(revision));
    of_pods || of_injectors || pods.is_err()
}

pub(super) fn mtls(application: &Application, facts: &Facts) -> Vec<Finding> {
    let what = "mTLS";
    let all = facts.namespaces.iter().map(|(name, namespace)| (name.as_str(), &namespace.mtls));
    let plane = &facts.control_plane;
    let mut modes = Vec::new();
    for (name, looked) in std::iter::once((plane.namespace.as_str(), &plane.mtls)).chain(all) {
        match looked {
            Ok(policies) => modes.push((name, policies)),
            Err(why) => return vec![Finding::unseen(what, &format!("in {name}: {why}"))],
        }
    }
    let told: Vec<String> = modes
        .iter()
        .flat_map(|(name, policies)| policies.iter().map(move |policy| (name, policy)))
        .map(|(name, Mtls { name: policy, mode, selects })| {
            let of = if *selects { "some pods of " } else { "" };
            format!("{mode} for {of}{name} ({policy})")
        })
        .collect();
    if told.is_empty() {
        return vec![Finding::ok(what, "PERMISSIVE: no PeerAuthentication says otherwise")];
    }
    let strict = |namespace: &str| {
        modes
            .iter()
            .filter(|(name, _)| *name == namespace || *name == plane.namespace)
            .any(|(_, policies)| policies.iter().any(|policy| policy.mode == "STRICT"))
    };
    let told = told.join("; ");
    let clients = application.clients.iter();
    let deaf: Vec<&str> = clients
        .filter(|(_, client)| client.settings.is_some() && strict(&client.namespace))
        .map(|(name, _)| name.as_str())
        .collect();
    if deaf.is_empty() {
        return vec![Finding::ok(what, told)];
    }
    let seen = format!("{told}; the settings of {} are asked for in plain text", deaf.join(", "));
    let hint = "exclude the port of the settings with the annotation \
                traffic.sidecar.istio.io/excludeInboundPorts, or leave `settings` out of \
                application.yaml";
    vec![Finding::warning(what, seen).hint(hint)]
}
