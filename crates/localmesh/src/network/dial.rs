//! How a container reaches `host:port`: the pod's DNS, and then kube-proxy's choice or the way into
//! the pod's own sidecar. What a name means is a function of the cluster's objects; only `dial`
//! opens sockets.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use rand::seq::IndexedRandom as _;
use serde_json::Value;
use tokio::net::{TcpSocket, UnixStream};

use super::{Network, PodNet, Protocol};
use crate::cluster::Cluster;
use crate::image::{Dial, Stream};
use crate::kinds;

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

impl Network {
    /// The way out of a pod. With a sidecar, services are reached through the Unix sockets of its
    /// outbound listeners; without one, directly at a random ready endpoint, as kube-proxy would.
    #[must_use]
    pub fn dial(&self, cluster: &Cluster, from: &PodNet) -> Dial {
        let (network, cluster) = (self.clone(), cluster.clone());
        let from = Arc::new(Origin {
            namespace: from.namespace.clone(),
            ip: from.ip,
            out: from.sidecar.then(|| from.dir.join("out")),
        });
        Arc::new(move |host, port| {
            let answer = resolve(&cluster, &network, &from.namespace, &host, port);
            let from = Arc::clone(&from);
            Box::pin(async move { from.connect(answer, &host, port).await })
        })
    }
}

/// Where connections come from.
struct Origin {
    namespace: String,
    ip: Ipv4Addr,
    /// The folder of the sidecar's outbound sockets.
    out: Option<PathBuf>,
}

// === impl Origin ===

impl Origin {
    async fn connect(
        &self,
        answer: Answer,
        host: &str,
        port: u16,
    ) -> io::Result<Pin<Box<dyn Stream>>> {
        let refused = |why: &str| {
            let text = format!("dial {host}:{port}: connection refused ({why})");
            io::Error::new(io::ErrorKind::ConnectionRefused, text)
        };
        let address = match answer {
            Answer::Unknown => {
                let text = format!("dial {host}:{port}: no such host");
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            }
            Answer::Refused => return Err(refused("nothing listens on this port")),
            Answer::Pod(address) => address,
            Answer::Service { cluster_ip, protocol, endpoints } => match &self.out {
                Some(out) => {
                    let socket = socket(out, cluster_ip, protocol, port)
                        .ok_or_else(|| refused("the service has no address of its own"))?;
                    let stream = UnixStream::connect(&socket).await.map_err(|error| {
                        // A missing socket must not look like a name that does not exist.
                        refused(&format!("the sidecar does not listen there: {error}"))
                    })?;
                    return Ok(Box::pin(stream));
                }
                None => *endpoints
                    .choose(&mut rand::rng())
                    .ok_or_else(|| refused("the service has no ready endpoint"))?,
            },
        };
        // The connection comes from the pod's own address: that is how its peer knows who calls.
        let tcp = TcpSocket::new_v4()?;
        tcp.bind(SocketAddr::new(IpAddr::V4(self.ip), 0))?;
        let stream = tcp.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::pin(stream))
    }
}

/// The socket of the outbound listener for a port, named as Istio names the listener: all HTTP
/// services of one port share `0.0.0.0_<port>`, a TCP service has `<clusterIP>_<port>`.
fn socket(
    out: &Path,
    cluster_ip: Option<Ipv4Addr>,
    protocol: Protocol,
    port: u16,
) -> Option<PathBuf> {
    let ip = match protocol {
        Protocol::Http => Ipv4Addr::UNSPECIFIED,
        Protocol::Tcp => cluster_ip?,
    };
    Some(out.join(format!("{ip}_{port}.sock")))
}

/// What `host:port` means to a pod of this namespace.
#[must_use]
pub(super) fn resolve(
    cluster: &Cluster,
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
        let services = cluster.list(&kinds::SERVICE, None);
        services.into_iter().find(|service| cluster_ip(service) == Some(ip))
    } else {
        let named = service_name(host, namespace);
        named.and_then(|(name, namespace)| cluster.get(&kinds::SERVICE, namespace, name))
    };
    let Some(service) = service else { return Answer::Unknown };
    let Some((protocol, target)) = port_of(&service, port) else { return Answer::Refused };
    Answer::Service {
        cluster_ip: cluster_ip(&service),
        protocol,
        endpoints: endpoints(cluster, network, &service, &target),
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
    cluster: &Cluster,
    network: &Network,
    service: &Value,
    target: &Value,
) -> Vec<SocketAddr> {
    let Some(selector) = selector(service) else { return Vec::new() };
    let namespace = service["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for pod in cluster.list(&kinds::POD, Some(namespace)) {
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

/// A service's selector, if it has one.
pub(crate) fn selector(service: &Value) -> Option<BTreeMap<&str, &str>> {
    let selector = service.pointer("/spec/selector")?.as_object()?;
    let pairs = selector.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    Some(pairs.collect::<BTreeMap<_, _>>()).filter(|selector| !selector.is_empty())
}

/// Whether a pod carries all labels of a selector.
pub(crate) fn selects(selector: &BTreeMap<&str, &str>, pod: &Value) -> bool {
    let labels = &pod["metadata"]["labels"];
    selector.iter().all(|(key, value)| labels[*key].as_str() == Some(value))
}

/// Whether traffic may be sent to a pod: it says it is ready, and it is not being deleted.
fn is_ready(pod: &Value) -> bool {
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    pod["metadata"]["deletionTimestamp"].is_null()
        && pod["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(ready))
}

/// The containerPort a service's `targetPort` means: a number, or the name of a pod's port.
pub(crate) fn container_port(pod: &Value, target: &Value) -> Option<u16> {
    if let Some(number) = target.as_u64() {
        return u16::try_from(number).ok();
    }
    let name = target.as_str()?;
    let containers = pod.pointer("/spec/containers")?.as_array()?;
    let mut ports = containers.iter().filter_map(|each| each["ports"].as_array()).flatten();
    let found = ports.find(|port| port["name"] == name)?;
    u16::try_from(found["containerPort"].as_u64()?).ok()
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
    fn ports_mean_numbers_or_names() {
        let service = json!({"spec": {"ports": [
            {"name": "http", "port": 80, "targetPort": "web"},
            {"name": "tcp", "port": 3306},
        ]}});
        assert_eq!(port_of(&service, 80), Some((Protocol::Http, json!("web"))));
        assert_eq!(port_of(&service, 3306), Some((Protocol::Tcp, json!(3306))));
        assert_eq!(port_of(&service, 81), None);
        let pod = json!({"spec": {"containers": [
            {"name": "a"}, {"ports": [{"name": "web", "containerPort": 8080}]}]}});
        assert_eq!(container_port(&pod, &json!("web")), Some(8080));
        assert_eq!(container_port(&pod, &json!(9000)), Some(9000));
        assert_eq!(container_port(&pod, &json!("none")), None);
        assert_eq!(container_port(&pod, &json!(70_000)), None);
    }

    #[test]
    fn an_empty_selector_selects_nothing() {
        assert_eq!(selector(&json!({"spec": {"selector": {}}})), None);
        assert_eq!(selector(&json!({"spec": {}})), None);
        let service = json!({"spec": {"selector": {"app": "a", "tier": "b"}}});
        let selector = selector(&service).unwrap();
        assert!(selects(&selector, &json!({"metadata": {"labels": {"app": "a", "tier": "b"}}})));
        assert!(!selects(&selector, &json!({"metadata": {"labels": {"app": "a"}}})));
        assert!(!selects(&selector, &json!({})));
    }

    #[test]
    fn sockets_are_named_after_the_listeners() {
        let out = Path::new("o");
        let ip = Some(Ipv4Addr::new(10, 96, 0, 7));
        let name = |protocol, port| socket(out, ip, protocol, port);
        assert_eq!(name(Protocol::Http, 8000), Some(out.join("0.0.0.0_8000.sock")));
        assert_eq!(name(Protocol::Tcp, 3306), Some(out.join("10.96.0.7_3306.sock")));
        assert_eq!(socket(out, None, Protocol::Tcp, 3306), None);
    }
}
