//! Services with their protocols and the pods behind them, read off the cluster's objects. Pure.

use serde_json::Value;

use crate::network::selection::container_port;
use crate::network::{PodNet, Protocol};
use crate::store::{Object, meta};
use crate::translate::{Endpoint, Service, ServicePort};

/// A service with an address; a headless one has none, and no listener could be made for it.
pub(super) fn service(object: &Object) -> Option<Service> {
    let cluster_ip = meta::text(object, "/spec/clusterIP").parse().ok()?;
    let ports = object["spec"]["ports"].as_array().into_iter().flatten();
    Some(Service {
        name: meta::text(object, "/metadata/name").to_owned(),
        namespace: meta::text(object, "/metadata/namespace").to_owned(),
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

pub(super) fn endpoint(
    service: &Service,
    port: &Value,
    pod: &Object,
    net: &PodNet,
) -> Option<Endpoint> {
    let number_of = service_port(port)?.port;
    let target = match &port["targetPort"] {
        Value::Null => number_of,
        // Numbers may come as text: `intOrString`.
        Value::String(name) => {
            name.parse().ok().or_else(|| container_port(pod, &port["targetPort"]))?
        }
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

/// Whether the service's selector selects the pod; a service without one selects nothing.
pub(super) fn is_behind(pod: &Object, service: &Object) -> bool {
    let selector = service["spec"]["selector"].as_object();
    meta::text(pod, "/metadata/namespace") == meta::text(service, "/metadata/namespace")
        && selector.is_some_and(|selector| {
            !selector.is_empty()
                && selector.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value)
        })
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64()?.try_into().ok()
}
