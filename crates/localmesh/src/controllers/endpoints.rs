//! `EndpointSlices`: which pods are behind a service, and which of them are ready. Pure.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::plan::{Action, Plan};
use super::read;
use super::snapshot::Snapshot;
use crate::admission::{encoded, fnv, selects};
use crate::kinds;
use crate::store::{Object, meta};

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    for service in snapshot.of(&kinds::SERVICE) {
        let selector = service["spec"]["selector"].as_object();
        let Some(selector) = selector.filter(|terms| !terms.is_empty()) else { continue };
        if meta::is_terminating(service) || service["spec"]["type"] == "ExternalName" {
            continue;
        }
        let wanted = slice(snapshot, service, selector);
        let stored = snapshot.of(&kinds::ENDPOINT_SLICE).iter().find(|slice| {
            meta::namespace(slice) == meta::namespace(service)
                && meta::name(slice) == meta::name(&wanted)
        });
        let Some(stored) = stored else {
            plan.push(Action::Create { kind: &kinds::ENDPOINT_SLICE, object: wanted });
            continue;
        };
        let mut changed = (**stored).clone();
        for field in ["addressType", "endpoints", "ports"] {
            changed[field] = wanted[field].clone();
        }
        for field in ["labels", "ownerReferences"] {
            changed["metadata"][field] = wanted["metadata"][field].clone();
        }
        if **stored != changed {
            plan.push(Action::Update { object: changed });
        }
    }
}

fn slice(snapshot: &Snapshot, service: &Value, selector: &Map<String, Value>) -> Value {
    let selector = json!({"matchLabels": selector});
    let pods: Vec<&Arc<Object>> = snapshot
        .of(&kinds::POD)
        .iter()
        .filter(|pod| meta::namespace(pod) == meta::namespace(service))
        .filter(|pod| selects(&selector, &pod["metadata"]["labels"]))
        .filter(|pod| !read::has_ended(pod) && !meta::text(pod, "/status/podIP").is_empty())
        .collect();
    let always = service["spec"]["publishNotReadyAddresses"] == json!(true);
    let endpoints: Vec<Value> = pods.iter().map(|pod| endpoint(pod, always)).collect();
    // One service has one slice, so its name can be told from the service's.
    let suffix = encoded(fnv(meta::uid(service).as_bytes()));
    let suffix = &suffix[..suffix.len().min(5)];
    json!({
        "metadata": {
            "name": format!("{}-{suffix}", meta::name(service)),
            "generateName": format!("{}-", meta::name(service)),
            "namespace": meta::namespace(service),
            "labels": {
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": meta::name(service),
            },
            "ownerReferences": [meta::controller_of(service)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports(service, &pods),
    })
}

fn endpoint(pod: &Value, always_ready: bool) -> Value {
    let serving = read::is(pod, "Ready");
    let terminating = meta::is_terminating(pod);
    json!({
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": always_ready || (serving && !terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {
            "kind": "Pod",
            "name": meta::name(pod),
            "namespace": meta::namespace(pod),
            "uid": meta::uid(pod),
        },
    })
}

/// The service's ports as numbers on the pods; a named target that no pod has is left out.
fn ports(service: &Value, pods: &[&Arc<Object>]) -> Vec<Value> {
    let number = |target: &Value| match target {
        Value::String(name) => pods.iter().find_map(|pod| {
            meta::list(pod, "/spec/containers")
                .iter()
                .flat_map(|container| meta::list(container, "/ports"))
                .find(|port| meta::text(port, "/name") == name)
                .map(|port| port["containerPort"].clone())
        }),
        number => Some(number.clone()),
    };
    meta::list(service, "/spec/ports")
        .iter()
        .filter_map(|port| {
            let mut resolved = json!({
                "name": meta::text(port, "/name"),
                "port": number(&port["targetPort"])?,
                "protocol": port["protocol"],
            });
            if let Some(protocol) = port.get("appProtocol") {
                resolved["appProtocol"] = protocol.clone();
            }
            Some(resolved)
        })
        .collect()
}
