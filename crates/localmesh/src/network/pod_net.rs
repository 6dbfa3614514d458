//! A pod as the network knows it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::protocol::Protocol;
use super::workload::Workload;

/// One port on which a pod's application listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodPort {
    /// The containerPort, as manifests and services know it.
    pub port: u16,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where other pods reach it: the sidecar's inbound listener, or the application itself in a
    /// pod without a sidecar. Its port is `port` unless something on this machine holds that.
    pub reach: SocketAddr,
    /// Where the application itself listens.
    pub app: SocketAddr,
}

/// A pod on the network.
#[derive(Debug, Clone)]
pub struct PodNet {
    /// Namespace.
    pub namespace: String,
    /// Pod name.
    pub name: String,
    /// Pod uid.
    pub uid: String,
    /// The pod's address, `127.X.hi.lo`; never used again by another pod of this mesh.
    pub ip: Ipv4Addr,
    /// Pod labels.
    pub labels: BTreeMap<String, String>,
    /// What telemetry calls it.
    pub workload: Workload,
    /// The pod's own folder (mode 0700): Envoy's admin socket `admin.sock` and
    /// the outbound sockets `out/<listener name>.sock`.
    pub dir: PathBuf,
    /// Whether an Envoy sits beside the application.
    pub sidecar: bool,
    /// The application's ports.
    pub ports: Vec<PodPort>,
    /// Where `:15020/stats/prometheus` is really served; `None` without a sidecar.
    pub telemetry: Option<SocketAddr>,
}

// === impl PodNet ===

impl PodNet {
    /// The id of its Envoy, in Istio's form.
    #[must_use]
    pub fn node(&self) -> String {
        let Self { ip, name, namespace, .. } = self;
        format!("sidecar~{ip}~{name}.{namespace}~{namespace}.svc.cluster.local")
    }
}
