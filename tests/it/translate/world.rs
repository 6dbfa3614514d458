//! A small Travel Demo: the world that the cases in `data/translate` are about.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use localmesh::network::{PodPort, Protocol, Workload};
use localmesh::translate::{Endpoint, Proxy, PushContext, Service, ServicePort};
use serde::Deserialize;
use serde_json::Value;

/// The objects of a YAML file, admitted as the API server would.
pub(super) fn objects(yaml: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| Value::deserialize(document).unwrap())
        .map(|object| {
            let kind = object["kind"].as_str().unwrap();
            istio::admit(kind, &object, true).unwrap_or_else(|e| panic!("{e}")).0
        })
        .collect()
}

pub(super) fn service(
    name: &str,
    namespace: &str,
    ip: u8,
    port: u16,
    protocol: Protocol,
) -> Service {
    Service {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        cluster_ip: Ipv4Addr::new(127, 77, 255, ip),
        ports: vec![ServicePort { port, protocol }],
    }
}

pub(super) fn labels(app: &str, version: &str) -> BTreeMap<String, String> {
    [("app", app), ("version", version)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
}

pub(super) fn workload(name: &str, namespace: &str, app: &str, version: &str) -> Workload {
    Workload {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        app: app.to_owned(),
        version: version.to_owned(),
        canonical_name: app.to_owned(),
        canonical_revision: version.to_owned(),
    }
}

pub(super) fn endpoint(service: &Service, version: &str, address: SocketAddr) -> Endpoint {
    let (name, namespace) = (&service.name, &service.namespace);
    Endpoint {
        service: name.clone(),
        namespace: namespace.clone(),
        port: service.ports[0].port,
        address,
        labels: labels(name, version),
        workload: workload(&format!("{name}-{version}"), namespace, name, version),
    }
}

/// Services and pods; every pod is reached at `address(index)`.
pub(super) fn world(address: impl Fn(u8) -> SocketAddr) -> PushContext {
    let services = vec![
        service("travels", "travel-agency", 1, 8000, Protocol::Http),
        service("hotels", "travel-agency", 2, 8000, Protocol::Http),
        service("mysqldb", "travel-agency", 3, 3306, Protocol::Tcp),
        service("voyages", "travel-portal", 4, 8000, Protocol::Http),
        service("travels", "travel-portal", 5, 8000, Protocol::Http),
    ];
    let pods = [
        (0, "v1"),
        (0, "v2"),
        (0, "v3"),
        (1, "v1"),
        (2, "v1"),
        (2, "v2"),
        (2, "v3"),
        (3, "v1"),
        (4, "v1"),
    ];
    let endpoints = (1..)
        .zip(pods)
        .map(|(index, (of, version)): (u8, (usize, &str))| {
            endpoint(&services[of], version, address(index))
        })
        .collect();
    PushContext { services, endpoints, ..PushContext::default() }
}

/// With these objects.
pub(super) fn with(mut world: PushContext, objects: Vec<Value>) -> PushContext {
    for object in objects {
        let list = if object["kind"] == "VirtualService" {
            &mut world.virtual_services
        } else {
            &mut world.destination_rules
        };
        list.push(Arc::new(object));
    }
    world
}

/// The sidecar of an endpoint's pod.
pub(super) fn proxy(endpoint: &Endpoint, protocol: Protocol, app: SocketAddr) -> Proxy {
    let SocketAddr::V4(reach) = endpoint.address else { panic!("pods have IPv4 addresses") };
    Proxy {
        pod: format!("{}-x", endpoint.workload.name),
        labels: endpoint.labels.clone(),
        workload: endpoint.workload.clone(),
        ip: *reach.ip(),
        ports: vec![PodPort { port: endpoint.port, protocol, reach: endpoint.address, app }],
    }
}
