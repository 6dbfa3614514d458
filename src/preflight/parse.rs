//! What the API server answered, read into facts: only the fields that matter, and what is not as
//! expected is left out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Injector, Itself, Mtls, PodSeen, Quota, Service};

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(object: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

fn strings(object: &Value, path: &str) -> BTreeMap<String, String> {
    let fields = object.pointer(path).and_then(Value::as_object).into_iter().flatten();
    fields.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

pub(super) fn name(object: &Value) -> String {
    text(object, "/metadata/name").to_owned()
}

pub(super) fn namespace(object: &Value) -> Itself {
    let terminating = object.pointer("/metadata/deletionTimestamp").is_some()
        || text(object, "/status/phase") == "Terminating";
    Itself { terminating, labels: strings(object, "/metadata/labels") }
}

pub(super) fn service(object: &Value) -> Service {
    let ports = items(object, "/spec/ports").filter_map(|port| port["port"].as_u64());
    let selector = strings(object, "/spec/selector");
    Service { name: name(object), ports: ports.collect(), selector }
}

/// A pod that has not ended.
pub(super) fn pod(object: &Value) -> Option<PodSeen> {
    if matches!(text(object, "/status/phase"), "Succeeded" | "Failed")
        || object.pointer("/metadata/deletionTimestamp").is_some()
    {
        return None;
    }
    let has = |path: &str, name: &str| items(object, path).any(|it| it["name"] == name);
    Some(PodSeen {
        name: name(object),
        labels: strings(object, "/metadata/labels"),
        // Istio may run it as a restartable init container.
        sidecar: has("/spec/containers", "istio-proxy")
            || has("/spec/initContainers", "istio-proxy"),
        // With Istio's CNI plugin it is called `istio-validation` and needs no rights.
        iptables: has("/spec/initContainers", "istio-init"),
    })
}

pub(super) fn quota(object: &Value) -> Quota {
    let hard = strings(object, "/status/hard");
    let used = strings(object, "/status/used");
    let left = |key: &str| {
        let number = |all: &BTreeMap<String, String>| all.get(key)?.parse::<u64>().ok();
        Some(number(&hard)?.saturating_sub(number(&used).unwrap_or_default()))
    };
    let counts = ["pods", "count/pods", "count/deployments.apps", "count/replicasets.apps"];
    let computes =
        ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
    Quota {
        name: name(object),
        pods_left: counts.into_iter().filter_map(left).min(),
        wants: hard.keys().filter(|key| computes.contains(&key.as_str())).cloned().collect(),
    }
}

pub(super) fn mtls(object: &Value) -> Mtls {
    let mode = match text(object, "/spec/mtls/mode") {
        "" | "UNSET" => "UNSET",
        mode => mode,
    };
    let selects = !strings(object, "/spec/selector/matchLabels").is_empty();
    Mtls { name: name(object), mode: mode.to_owned(), selects }
}

/// A webhook's configuration, if it injects sidecars.
pub(super) fn injector(object: &Value) -> Option<Injector> {
    let labels = strings(object, "/metadata/labels");
    if labels.get("app").map(String::as_str) != Some("sidecar-injector") {
        return None;
    }
    let revision = labels.get("istio.io/rev").cloned().unwrap_or_else(|| "default".to_owned());
    let namespace =
        items(object, "/webhooks").map(|hook| text(hook, "/clientConfig/service/namespace"));
    Some(Injector {
        revision,
        tag: labels.get("istio.io/tag").cloned(),
        namespace: namespace.max().unwrap_or_default().to_owned(),
    })
}

/// The plurals that a group's version has.
pub(super) fn plurals(document: &Value) -> BTreeSet<String> {
    items(document, "/resources").map(|kind| text(kind, "/name").to_owned()).collect()
}

/// The revision and the readiness of a control plane's pod.
pub(super) fn istiod(object: &Value) -> (String, bool) {
    let revision = match object.pointer("/metadata/labels").map(|labels| &labels["istio.io/rev"]) {
        Some(Value::String(revision)) => revision.clone(),
        _ => "default".to_owned(),
    };
    let ready = items(object, "/status/conditions")
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    (revision, ready)
}

/// The version on a page of istiod's.
pub(super) fn istio_version(page: &Value) -> String {
    match page {
        Value::String(text) => text.trim().to_owned(),
        // Of an old control plane it is a document.
        document => text(document, "/clientVersion/version").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quota_lets_in_as_many_pods_as_its_tightest_count() {
        let object = json!({"metadata": {"name": "q"}, "status": {
            "hard": {"pods": "10", "count/deployments.apps": "3", "limits.memory": "1Gi"},
            "used": {"pods": "4", "count/deployments.apps": "3"},
        }});
        let read = quota(&object);
        assert_eq!((read.pods_left, read.wants), (Some(0), vec!["limits.memory".to_owned()]));
        let object = json!({"metadata": {"name": "q"}, "status": {"hard": {"services": "1"}}});
        assert_eq!(quota(&object).pods_left, None);
    }

    #[test]
    fn only_webhooks_that_inject_are_injectors() {
        let hook = json!({"clientConfig": {"service": {"namespace": "mesh"}}});
        let labels =
            json!({"app": "sidecar-injector", "istio.io/rev": "a", "istio.io/tag": "prod"});
        let object = json!({"metadata": {"labels": labels}, "webhooks": [hook]});
        let read = injector(&object).unwrap();
        assert_eq!((&*read.revision, &*read.namespace), ("a", "mesh"));
        assert_eq!(read.tag.as_deref(), Some("prod"));
        assert_eq!(injector(&json!({"metadata": {"labels": {"app": "x"}}})), None);
    }

    #[test]
    fn a_sidecar_may_be_an_init_container_and_pods_that_ended_do_not_count() {
        let object = |phase: &str, init: &str| {
            json!({"metadata": {"name": "p"}, "status": {"phase": phase},
                "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": init}]}})
        };
        assert!(pod(&object("Running", "istio-proxy")).unwrap().sidecar);
        let plain = pod(&object("Pending", "istio-init")).unwrap();
        assert!(!plain.sidecar && plain.iptables);
        assert_eq!(pod(&object("Succeeded", "istio-proxy")), None);
    }
}
