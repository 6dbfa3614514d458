//! The pod network of the local mesh: who has which address on loopback, and how a container
//! reaches a service by name. Each mesh owns one `127.X.0.0/16`, each pod one address in it, so two
//! meshes never meet. A pod with a sidecar reaches services through Unix sockets on which its own
//! Envoy listens (there is no iptables without root); between pods everything is TCP.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

/// What a workload is called in Istio's telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// Name of the Deployment or Job (for a bare pod: the pod's own name).
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// `app` label, `unknown` without one.
    pub app: String,
    /// `version` label, `unknown` without one.
    pub version: String,
    /// Canonical service name (`service.istio.io/canonical-name`, `app.kubernetes.io/name`, `app`
    /// label, else the workload's name).
    pub canonical_name: String,
    /// Canonical revision (`…/canonical-revision`, `app.kubernetes.io/version`, `version` label,
    /// else `latest`).
    pub canonical_revision: String,
}

/// What a port speaks, as Istio derives it from the service port's name and `appProtocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// Opaque TCP.
    Tcp,
}

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
    /// The pod's own folder (mode 0700): xDS files, Envoy's admin socket `admin.sock`, outbound
    /// sockets `out/<listener name>.sock`.
    pub dir: PathBuf,
    /// Whether an Envoy sits beside the application.
    pub sidecar: bool,
    /// The application's ports.
    pub ports: Vec<PodPort>,
    /// Where `:15020/stats/prometheus` is really served; `None` without a sidecar.
    pub telemetry: Option<SocketAddr>,
}

/// The mesh's network: a registry of pods and the way to their services. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Network {
    // Filled in by the implementation.
}

// === impl Network ===

impl Network {
    /// The pod with this address, also when it is gone: telemetry still names it.
    #[must_use]
    pub fn by_ip(&self, _ip: Ipv4Addr) -> Option<Arc<PodNet>> {
        None
    }

    /// The running pod of this name.
    #[must_use]
    pub fn pod(&self, _namespace: &str, _name: &str) -> Option<Arc<PodNet>> {
        None
    }

    /// All running pods, by namespace and name.
    #[must_use]
    pub fn pods(&self) -> Vec<Arc<PodNet>> {
        Vec::new()
    }
}
