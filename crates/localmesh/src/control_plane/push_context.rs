//! What the translation needs to know (istiod's push context), gathered from the cluster's objects
//! and the pods on the network. `build` is pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::services::{endpoint, is_behind, service};
use crate::kinds;
use crate::network::selection::is_ready;
use crate::network::{Network, PodNet};
use crate::registry::Registry;
use crate::store::{Object, meta};
use crate::translate::{Proxy, PushContext};

/// The objects of which it is made.
#[derive(Debug, Clone, Copy)]
struct Objects<'a> {
    /// Services.
    services: &'a [Arc<Object>],
    /// Pods.
    pods: &'a [Arc<Object>],
    /// Virtual services.
    virtual_services: &'a [Arc<Object>],
    /// Destination rules.
    destination_rules: &'a [Arc<Object>],
}

/// The context as it is now.
#[must_use]
pub(super) fn gather(registry: &Registry, network: &Network) -> PushContext {
    let objects = Objects {
        services: &registry.list(&kinds::SERVICE, None),
        pods: &registry.list(&kinds::POD, None),
        virtual_services: &registry.list(&kinds::VIRTUAL_SERVICE, None),
        destination_rules: &registry.list(&kinds::DESTINATION_RULE, None),
    };
    build(objects, &network.pods())
}

/// The context that these objects and pods make. Pure.
#[must_use]
fn build(objects: Objects<'_>, network: &[Arc<PodNet>]) -> PushContext {
    let network: BTreeMap<_, _> =
        network.iter().map(|pod| ((pod.namespace.as_str(), pod.name.as_str()), pod)).collect();
    let mut context = PushContext {
        virtual_services: objects.virtual_services.to_vec(),
        destination_rules: objects.destination_rules.to_vec(),
        ..PushContext::default()
    };
    for object in objects.services {
        let Some(service) = service(object) else { continue };
        for pod in objects.pods.iter().filter(|pod| is_behind(pod, object) && is_ready(pod)) {
            let names = (meta::text(pod, "/metadata/namespace"), meta::text(pod, "/metadata/name"));
            let Some(net) = network.get(&names) else { continue };
            for port in object["spec"]["ports"].as_array().into_iter().flatten() {
                context.endpoints.extend(endpoint(&service, port, pod, net));
            }
        }
        context.services.push(service);
    }
    context
}

/// Whether two contexts give the same translation. Pure.
#[must_use]
pub(super) fn same(one: &PushContext, other: &PushContext) -> bool {
    one.services == other.services
        && one.endpoints == other.endpoints
        && same_configuration(one, other)
}

/// Whether two contexts have the same objects of Istio's.
pub(super) fn same_configuration(one: &PushContext, other: &PushContext) -> bool {
    let equal = |one: &[Arc<Value>], other: &[Arc<Value>]| {
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
    };
    equal(&one.virtual_services, &other.virtual_services)
        && equal(&one.destination_rules, &other.destination_rules)
}

/// The proxy beside a pod. Pure.
#[must_use]
pub(super) fn proxy(pod: &PodNet) -> Proxy {
    Proxy {
        pod: pod.name.clone(),
        labels: pod.labels.clone(),
        workload: pod.workload.clone(),
        ip: pod.ip,
        ports: pod.ports.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::network::{PodPort, Protocol, Workload};
    use crate::translate::ServicePort;

    fn pod_object(name: &str, ready: &str) -> Arc<Value> {
        Arc::new(json!({
            "metadata": { "name": name, "namespace": "a", "labels": { "app": "hotels" } },
            "spec": { "containers": [{ "ports": [{ "name": "web", "containerPort": 8000 }] }] },
            "status": { "conditions": [{ "type": "Ready", "status": ready }] },
        }))
    }

    fn net(name: &str) -> Arc<PodNet> {
        let reach = "127.1.0.7:8001".parse().expect("an address");
        let app = "127.1.0.7:9000".parse().expect("an address");
        let word = |word: &str| word.to_owned();
        Arc::new(PodNet {
            namespace: word("a"),
            name: word(name),
            uid: word("u"),
            ip: [127, 1, 0, 7].into(),
            labels: [(word("app"), word("hotels"))].into(),
            workload: Workload {
                name: word("hotels-v1"),
                namespace: word("a"),
                app: word("hotels"),
                version: word("v1"),
                canonical_name: word("hotels"),
                canonical_revision: word("v1"),
            },
            dir: "/p".into(),
            sidecar: true,
            ports: vec![PodPort { port: 8000, protocol: Protocol::Http, reach, app }],
            telemetry: None,
        })
    }

    fn context(service_spec: Value, pods: &[Arc<Value>]) -> PushContext {
        let service = Arc::new(json!({
            "metadata": { "name": "hotels", "namespace": "a" }, "spec": service_spec,
        }));
        let objects =
            Objects { services: &[service], pods, virtual_services: &[], destination_rules: &[] };
        build(objects, &[net("one"), net("two")])
    }

    #[test]
    fn ready_pods_stand_behind_the_service_that_selects_them() {
        let spec = |target: Value| {
            json!({ "clusterIP": "10.0.0.1", "selector": { "app": "hotels" },
                    "ports": [{ "name": "http", "port": 80, "targetPort": target },
                              { "name": "dns", "port": 53, "protocol": "UDP" }] })
        };
        let pods =
            [pod_object("one", "True"), pod_object("two", "False"), pod_object("gone", "True")];
        for target in [json!(8000), json!("8000"), json!("web")] {
            let context = context(spec(target), &pods);
            let http = ServicePort { port: 80, protocol: Protocol::Http };
            assert_eq!(context.services[0].ports, [http]);
            assert_eq!(context.endpoints.len(), 1);
            assert_eq!(context.endpoints[0].address.to_string(), "127.1.0.7:8001");
            assert_eq!((context.endpoints[0].port, &*context.endpoints[0].service), (80, "hotels"));
        }
        for target in [json!(9), json!("nobody"), json!(70000), json!(null), json!([])] {
            assert!(context(spec(target), &pods).endpoints.is_empty());
        }
    }

    #[test]
    fn nothing_stands_behind_a_service_without_selector_or_address() {
        let pods = [pod_object("one", "True")];
        let ports = json!([{ "port": 8000 }]);
        for selector in [json!(null), json!({}), json!({ "app": "cars" })] {
            let spec = json!({ "clusterIP": "10.0.0.1", "selector": selector, "ports": ports });
            let context = context(spec, &pods);
            assert_eq!((context.services.len(), context.endpoints.len()), (1, 0));
        }
        for ip in [json!("None"), json!(null), json!("nonsense")] {
            let spec = json!({ "clusterIP": ip, "selector": { "app": "hotels" }, "ports": ports });
            let context = context(spec, &pods);
            assert_eq!((context.services.len(), context.endpoints.len()), (0, 0));
        }
    }
}
