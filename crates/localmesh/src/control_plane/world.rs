//! What the translation needs to know, gathered from the cluster's objects and the pods on the
//! network: services with their protocols and the ready pods behind them. `build` is pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::kinds;
use crate::network::{Network, PodNet, Protocol};
use crate::store::Object;
use crate::translate::{Endpoint, Proxy, Service, ServicePort, World};

/// The objects of which the world is made.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a> {
    /// Services.
    pub services: &'a [Arc<Object>],
    /// Pods.
    pub pods: &'a [Arc<Object>],
    /// Virtual services.
    pub virtual_services: &'a [Arc<Object>],
    /// Destination rules.
    pub destination_rules: &'a [Arc<Object>],
}

/// The world as it is now.
#[must_use]
pub fn gather(cluster: &Cluster, network: &Network) -> World {
    let objects = Objects {
        services: &cluster.list(&kinds::SERVICE, None),
        pods: &cluster.list(&kinds::POD, None),
        virtual_services: &cluster.list(&kinds::VIRTUAL_SERVICE, None),
        destination_rules: &cluster.list(&kinds::DESTINATION_RULE, None),
    };
    build(objects, &network.pods())
}

/// The world that these objects and pods make. Pure.
#[must_use]
pub fn build(objects: Objects<'_>, network: &[Arc<PodNet>]) -> World {
    let network: BTreeMap<_, _> =
        network.iter().map(|pod| ((pod.namespace.as_str(), pod.name.as_str()), pod)).collect();
    let mut world = World {
        virtual_services: objects.virtual_services.to_vec(),
        destination_rules: objects.destination_rules.to_vec(),
        ..World::default()
    };
    for object in objects.services {
        let Some(service) = service(object) else { continue };
        for pod in objects.pods.iter().filter(|pod| is_behind(pod, object) && is_ready(pod)) {
            let names = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
            let Some(net) = network.get(&names) else { continue };
            for port in object["spec"]["ports"].as_array().into_iter().flatten() {
                world.endpoints.extend(endpoint(&service, port, pod, net));
            }
        }
        world.services.push(service);
    }
    world
}

/// Whether two worlds give the same translation. Pure.
#[must_use]
pub fn same(one: &World, other: &World) -> bool {
    let equal = |one: &[Arc<Value>], other: &[Arc<Value>]| {
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
    };
    one.services == other.services
        && one.endpoints == other.endpoints
        && equal(&one.virtual_services, &other.virtual_services)
        && equal(&one.destination_rules, &other.destination_rules)
}

/// The proxy beside a pod. Pure.
#[must_use]
pub fn proxy(pod: &PodNet) -> Proxy {
    Proxy {
        pod: pod.name.clone(),
        labels: pod.labels.clone(),
        workload: pod.workload.clone(),
        ip: pod.ip,
        ports: pod.ports.clone(),
    }
}

/// A service with an address; a headless one has none, and no listener could be made for it.
fn service(object: &Object) -> Option<Service> {
    let cluster_ip = text(object, "/spec/clusterIP").parse().ok()?;
    let ports = object["spec"]["ports"].as_array().into_iter().flatten();
    Some(Service {
        name: text(object, "/metadata/name").to_owned(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        cluster_ip,
        ports: ports.filter_map(service_port).collect(),
    })
}

fn service_port(port: &Value) -> Option<ServicePort> {
    if port["protocol"].as_str().is_some_and(|protocol| protocol != "TCP") {
        return None;
    }
    let number = number(&port["port"])?;
    let protocol = Protocol::of(port["name"].as_str(), port["appProtocol"].as_str(), number);
    Some(ServicePort { port: number, protocol })
}

fn endpoint(service: &Service, port: &Value, pod: &Object, net: &PodNet) -> Option<Endpoint> {
    let number_of = service_port(port)?.port;
    let target = match &port["targetPort"] {
        Value::Null => number_of,
        // Numbers may come as text: `intOrString`.
        Value::String(name) => name.parse().ok().or_else(|| named_port(pod, name))?,
        target => number(target)?,
    };
    Some(Endpoint {
        service: service.name.clone(),
        namespace: service.namespace.clone(),
        port: number_of,
        address: net.ports.iter().find(|port| port.port == target)?.reach,
        labels: net.labels.clone(),
        workload: net.workload.clone(),
    })
}

/// The containerPort of this name.
fn named_port(pod: &Object, name: &str) -> Option<u16> {
    let containers = pod["spec"]["containers"].as_array()?.iter();
    let mut ports = containers.flat_map(|c| c["ports"].as_array().into_iter().flatten());
    number(&ports.find(|port| port["name"] == name)?["containerPort"])
}

/// Whether the service's selector selects the pod; a service without one selects nothing.
fn is_behind(pod: &Object, service: &Object) -> bool {
    let selector = service["spec"]["selector"].as_object();
    text(pod, "/metadata/namespace") == text(service, "/metadata/namespace")
        && selector.is_some_and(|selector| {
            !selector.is_empty()
                && selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
        })
}

fn is_ready(pod: &Object) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    pod["metadata"]["deletionTimestamp"].is_null()
        && conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::network::{PodPort, Workload};

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

    fn world(service_spec: Value, pods: &[Arc<Value>]) -> World {
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
            let world = world(spec(target), &pods);
            let http = ServicePort { port: 80, protocol: Protocol::Http };
            assert_eq!(world.services[0].ports, [http]);
            assert_eq!(world.endpoints.len(), 1);
            assert_eq!(world.endpoints[0].address.to_string(), "127.1.0.7:8001");
            assert_eq!((world.endpoints[0].port, &*world.endpoints[0].service), (80, "hotels"));
        }
        for target in [json!(9), json!("nobody"), json!(70000), json!(null), json!([])] {
            assert!(world(spec(target), &pods).endpoints.is_empty());
        }
    }

    #[test]
    fn nothing_stands_behind_a_service_without_selector_or_address() {
        let pods = [pod_object("one", "True")];
        let ports = json!([{ "port": 8000 }]);
        for selector in [json!(null), json!({}), json!({ "app": "cars" })] {
            let spec = json!({ "clusterIP": "10.0.0.1", "selector": selector, "ports": ports });
            let world = world(spec, &pods);
            assert_eq!((world.services.len(), world.endpoints.len()), (1, 0));
        }
        for ip in [json!("None"), json!(null), json!("nonsense")] {
            let spec = json!({ "clusterIP": ip, "selector": { "app": "hotels" }, "ports": ports });
            let world = world(spec, &pods);
            assert_eq!((world.services.len(), world.endpoints.len()), (0, 0));
        }
    }
}
