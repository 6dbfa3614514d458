//! What a pod needs before its containers run: what its manifest asks for (`plan`), and its
//! address, folder, listeners and place in the mesh (`Sandbox`).

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;

use super::env::{self, Facts};
use super::{Config, SIDECAR};
use crate::error::{Error, Result};
use crate::image::Image;
use crate::kinds;
use crate::network::{self, Network, PodNet, PodPort, Protocol, Workload};

/// One of the pod's containers, ready to be run.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) image: Arc<dyn Image>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) args: Vec<String>,
    pub(super) ports: Vec<u16>,
}

/// Why a container cannot be run, as `kubectl get pods` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) container: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// A pod's place on the network.
pub(super) struct Sandbox {
    pub(super) net: Arc<PodNet>,
    /// The application's listeners, by containerPort; taken by the containers' first runs.
    pub(super) listeners: BTreeMap<u16, TcpListener>,
    /// The listener of the telemetry page, in a pod with a sidecar.
    pub(super) telemetry: Option<TcpListener>,
}

/// Where telemetry is served; Istio's port for the merged statistics.
const TELEMETRY_PORT: u16 = 15020;

/// The longest path of a Unix socket on Linux, without the terminating NUL.
const SOCKET_PATH_MAX: usize = 107;

/// The longest name of a socket in a pod's folder.
const LONGEST_SOCKET: &str = "out/255.255.255.255_65535.sock";

/// Init containers that only prepare what this mesh does not have (iptables); reported as done.
const NEEDLESS_INIT: [&str; 2] = ["istio-init", "istio-validation"];

/// What the pod's containers are to be run with.
pub(super) fn plan(config: &Config, pod: &Value, ip: Ipv4Addr) -> Result<Vec<Planned>, Trouble> {
    for init in list(&pod["spec"]["initContainers"]) {
        let name = init["name"].as_str().unwrap_or_default();
        if !NEEDLESS_INIT.contains(&name) {
            let message = "the local kubelet runs no init containers".to_owned();
            let container = name.to_owned();
            return Err(Trouble { container, reason: "CreateContainerConfigError", message });
        }
    }
    let containers = list(&pod["spec"]["containers"]).iter().filter(|each| each["name"] != SIDECAR);
    containers.map(|container| planned(config, pod, container, ip)).collect()
}

/// Whether the pod has an injected sidecar.
pub(super) fn has_sidecar(pod: &Value) -> bool {
    list(&pod["spec"]["containers"]).iter().any(|container| container["name"] == SIDECAR)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn planned(
    config: &Config,
    pod: &Value,
    container: &Value,
    ip: Ipv4Addr,
) -> Result<Planned, Trouble> {
    let name = container["name"].as_str().unwrap_or_default().to_owned();
    let reference = container["image"].as_str().unwrap_or_default();
    let Some(image) = config.images.get(repository(reference)) else {
        let known: Vec<_> = config.images.keys().map(String::as_str).collect();
        let known = known.join(", ");
        let message = format!(
            "Failed to pull image \"{reference}\": the local mesh runs stand-ins, not images, and \
             has none for this one; it knows: {known}"
        );
        return Err(Trouble { container: name, reason: "ErrImagePull", message });
    };
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let lookup = |kind, name: &str| config.cluster.get(kind, namespace, name);
    let env = env::resolve(container, Facts { pod, ip }, &lookup).map_err(|message| Trouble {
        container: name.clone(),
        reason: "CreateContainerConfigError",
        message,
    })?;
    let args = env::args(container, &env);
    let ports = tcp_ports(container).map(|(port, _)| port).collect();
    Ok(Planned { name, image: Arc::clone(image), env, args, ports })
}

/// An image reference without its tag and digest.
fn repository(reference: &str) -> &str {
    let reference = reference.split_once('@').map_or(reference, |(repository, _)| repository);
    match reference.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => reference,
    }
}

/// A container's TCP ports with their names.
fn tcp_ports(container: &Value) -> impl Iterator<Item = (u16, Option<&str>)> {
    let tcp = |port: &&Value| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP");
    list(&container["ports"]).iter().filter(tcp).filter_map(|port| {
        let number = port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok());
        number.filter(|number| *number > 0).map(|number| (number, port["name"].as_str()))
    })
}

// === impl Sandbox ===

impl Sandbox {
    /// Makes the pod's folder and listeners and puts the pod on the network. `number` names the
    /// folder.
    pub(super) fn new(config: &Config, pod: &Value, ip: Ipv4Addr, number: u32) -> Result<Self> {
        let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
        let (namespace, name) = (text("namespace"), text("name"));
        let doing = || format!("preparing pod {name} in {namespace}");
        let failed = |error: io::Error| Error::new(doing(), error);
        let dir = folder(&config.dir, number).map_err(|error| {
            failed(error).hint(format!("{} must be a writable, short path", config.dir.display()))
        })?;
        let sidecar = has_sidecar(pod);
        let mut listeners = BTreeMap::new();
        let mut ports = Vec::new();
        let containers = list(&pod["spec"]["containers"]);
        for (port, port_name) in
            containers.iter().filter(|c| c["name"] != SIDECAR).flat_map(tcp_ports)
        {
            if listeners.contains_key(&port) {
                continue;
            }
            let wanted = if sidecar { 0 } else { port };
            let listener = config.network.listen(ip, wanted).map_err(failed)?;
            let app = listener.local_addr().map_err(failed)?;
            let reach =
                if sidecar { config.network.reserve(ip, port).map_err(failed)? } else { app };
            let protocol = protocol(config, pod, port, port_name);
            listeners.insert(port, listener);
            ports.push(PodPort { port, protocol, reach, app });
        }
        let telemetry = if sidecar {
            Some(config.network.listen(ip, TELEMETRY_PORT).map_err(failed)?)
        } else {
            None
        };
        let served = telemetry.as_ref().map(TcpListener::local_addr).transpose();
        let net = config.network.register(PodNet {
            labels: labels(pod),
            workload: Workload::of(pod),
            uid: text("uid"),
            namespace,
            name: name.clone(),
            ip,
            dir,
            sidecar,
            ports,
            telemetry: served.map_err(|error| Error::new("opening telemetry", error))?,
        });
        Ok(Self { net, listeners, telemetry })
    }
}

fn labels(pod: &Value) -> BTreeMap<String, String> {
    let labels = pod["metadata"]["labels"].as_object().into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// What a pod's port speaks: as the service over it says, without one as its own name says.
fn protocol(config: &Config, pod: &Value, port: u16, name: Option<&str>) -> Protocol {
    let namespace = pod["metadata"]["namespace"].as_str();
    for service in config.cluster.list(&kinds::SERVICE, namespace) {
        let Some(selector) = network::selector(&service) else { continue };
        if !network::selects(&selector, pod) {
            continue;
        }
        for each in list(&service["spec"]["ports"]) {
            let own = &each["port"];
            let target = if each["targetPort"].is_null() { own } else { &each["targetPort"] };
            if network::container_port(pod, target) == Some(port) {
                let number = own.as_u64().and_then(|number| u16::try_from(number).ok());
                let (name, app) = (each["name"].as_str(), each["appProtocol"].as_str());
                return Protocol::of(name, app, number.unwrap_or(port));
            }
        }
    }
    Protocol::of(name, None, port)
}

/// Makes a pod's folder, for us alone; what an earlier pod of this number left is removed.
fn folder(mesh: &Path, number: u32) -> io::Result<PathBuf> {
    let dir = mesh.join(number.to_string());
    let longest = dir.join(LONGEST_SOCKET);
    if longest.as_os_str().as_bytes().len() > SOCKET_PATH_MAX {
        let text = format!("sockets in {} would have too long paths", dir.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    match std::fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut builder = DirBuilder::new();
    builder.mode(0o700).recursive(true);
    builder.create(dir.join("out"))?;
    Ok(dir)
}

/// Listens again on the ports a restarted container had.
pub(super) fn relisten(net: &PodNet, ports: &[u16]) -> io::Result<BTreeMap<u16, TcpListener>> {
    let own = net.ports.iter().filter(|port| ports.contains(&port.port));
    own.map(|port| {
        let listener = Network::listen_again(port.app)?;
        Ok((port.port, listener))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_known_by_its_repository() {
        assert_eq!(
            repository("quay.io/kiali/demo_travels_cars:v1"),
            "quay.io/kiali/demo_travels_cars"
        );
        assert_eq!(repository("host:5000/a/b"), "host:5000/a/b");
        assert_eq!(repository("host:5000/a/b:v2@sha256:00"), "host:5000/a/b");
        assert_eq!(repository(""), "");
    }

    #[test]
    fn only_sensible_tcp_ports_count() {
        let container = json!({"ports": [
            {"containerPort": 8000, "name": "http"}, {"containerPort": 53, "protocol": "UDP"},
            {"containerPort": 0}, {"containerPort": 70_000}, {"containerPort": "x"},
        ]});
        assert_eq!(tcp_ports(&container).collect::<Vec<_>>(), [(8000, Some("http"))]);
        assert_eq!(tcp_ports(&json!({})).count(), 0);
    }

    #[test]
    fn a_folder_is_private_fresh_and_short() {
        use std::os::unix::fs::PermissionsExt as _;
        let mesh = tempfile::tempdir().unwrap();
        let dir = folder(mesh.path(), 7).unwrap();
        std::fs::write(dir.join("out/old"), "").unwrap();
        let dir = folder(mesh.path(), 7).unwrap();
        assert!(!dir.join("out/old").exists());
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let long = mesh.path().join("x".repeat(100));
        assert_eq!(folder(&long, 7).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
