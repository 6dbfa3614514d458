//! What a pod needs before its containers run: its address, folder, listeners and place in the
//! mesh.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;

use super::config::{Config, SIDECAR};
use super::folder::folder;
use super::plan::{has_sidecar, tcp_ports};
use crate::error::{Error, Result};
use crate::kinds;
use crate::network::selection::{container_port, selector, selects};
use crate::network::{Network, PodNet, PodPort, Protocol, Workload};
use crate::store::meta;

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
        let containers = meta::list(pod, "/spec/containers");
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
    for service in config.registry.list(&kinds::SERVICE, namespace) {
        let Some(selected) = selector(&service) else { continue };
        if !selects(&selected, pod) {
            continue;
        }
        for each in meta::list(&service, "/spec/ports") {
            let own = &each["port"];
            let target = if each["targetPort"].is_null() { own } else { &each["targetPort"] };
            if container_port(pod, target) == Some(port) {
                let number = own.as_u64().and_then(|number| u16::try_from(number).ok());
                let (name, app) = (each["name"].as_str(), each["appProtocol"].as_str());
                return Protocol::of(name, app, number.unwrap_or(port));
            }
        }
    }
    Protocol::of(name, None, port)
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
