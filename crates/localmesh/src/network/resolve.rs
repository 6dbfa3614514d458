//! What `host:port` means to a pod: the pod's DNS, and then kube-proxy's endpoints. A function of
//! the cluster's objects and the pods on the network.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::addresses::Network;
use super::protocol::Protocol;
use super::selection::{container_port, is_ready, selector, selects};
use crate::kinds;
use crate::registry::Registry;

/// What `host:port` is to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A service's port: its address, what it speaks, and the ready endpoints behind it.
    Service {
        /// The service's own address.
        cluster_ip: Option<Ipv4Addr>,
        /// What the port speaks.
        protocol: Protocol,
        /// Where its ready pods are reached.
        endpoints: Vec<SocketAddr>,
    },
    /// A pod, by its address.
    Pod(SocketAddr),
    /// Known, but nothing listens on this port.
    Refused,
    /// No such host.
    Unknown,
}

/// What `host:port` means to a pod of this namespace.
#[must_use]
pub(super) fn resolve(
    registry: &Registry,
    network: &Network,
    namespace: &str,
    host: &str,
    port: u16,
) -> Answer {
    let host = host.strip_suffix('.').unwrap_or(host);
    let service = if let Ok(ip) = host.parse::<Ipv4Addr>() {
        if let Some(pod) = network.by_ip(ip) {
            let known = pod.ports.iter().find(|known| known.port == port);
            return known.map_or(Answer::Refused, |known| Answer::Pod(known.reach));
        }
        let services = registry.list(&kinds::SERVICE, None);
        services.into_iter().find(|service| cluster_ip(service) == Some(ip))
    } else {
        let named = service_name(host, namespace);
        named.and_then(|(name, namespace)| registry.get(&kinds::SERVICE, namespace, name))
    };
    let Some(service) = service else { return Answer::Unknown };
    let Some((protocol, target)) = port_of(&service, port) else { return Answer::Refused };
    Answer::Service {
        cluster_ip: cluster_ip(&service),
        protocol,
        endpoints: endpoints(registry, network, &service, &target),
    }
}

/// Name and namespace in a host name, as the search path of a pod's DNS completes it.
fn service_name<'a>(host: &'a str, namespace: &'a str) -> Option<(&'a str, &'a str)> {
    let mut parts = host.split('.');
    let (name, given, rest) = (parts.next()?, parts.next(), parts.collect::<Vec<_>>());
    let known = matches!(rest.as_slice(), [] | ["svc"] | ["svc", "cluster", "local"]);
    (known && !name.is_empty()).then_some((name, given.unwrap_or(namespace)))
}

fn cluster_ip(service: &Value) -> Option<Ipv4Addr> {
    service.pointer("/spec/clusterIP")?.as_str()?.parse().ok()
}

/// What a service's port speaks and which port of its pods it means.
fn port_of(service: &Value, port: u16) -> Option<(Protocol, Value)> {
    let ports = service.pointer("/spec/ports")?.as_array()?;
    let found = ports.iter().find(|each| each["port"].as_u64() == Some(u64::from(port)))?;
    let protocol = Protocol::of(found["name"].as_str(), found["appProtocol"].as_str(), port);
    let target = match &found["targetPort"] {
        Value::Null => Value::from(port),
        target => target.clone(),
    };
    Some((protocol, target))
}

/// Where the ready pods behind a service are reached. An empty selector selects nothing.
fn endpoints(
    registry: &Registry,
    network: &Network,
    service: &Value,
    target: &Value,
) -> Vec<SocketAddr> {
    let Some(selector) = selector(service) else { return Vec::new() };
    let namespace = service["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for pod in registry.list(&kinds::POD, Some(namespace)) {
        if !selects(&selector, &pod) || !is_ready(&pod) {
            continue;
        }
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let Some(net) = network.pod(namespace, name) else { continue };
        let number = container_port(&pod, target);
        found.extend(net.ports.iter().find(|port| Some(port.port) == number).map(|p| p.reach));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_completed_as_the_search_path_does() {
        let of = |host| service_name(host, "here");
        assert_eq!(of("hotels"), Some(("hotels", "here")));
        assert_eq!(of("hotels.shop"), Some(("hotels", "shop")));
        assert_eq!(of("hotels.shop.svc"), Some(("hotels", "shop")));
        assert_eq!(of("hotels.shop.svc.cluster.local"), Some(("hotels", "shop")));
        assert_eq!(of("hotels.shop.example.com"), None);
        assert_eq!(of("hotels.shop.svc.cluster"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_services_ports_say_what_they_speak_and_mean() {
        let service = json!({"spec": {"ports": [
            {"name": "http", "port": 80, "targetPort": "web"},
            {"name": "tcp", "port": 3306},
        ]}});
        assert_eq!(port_of(&service, 80), Some((Protocol::Http, json!("web"))));
        assert_eq!(port_of(&service, 3306), Some((Protocol::Tcp, json!(3306))));
        assert_eq!(port_of(&service, 81), None);
    }
}
