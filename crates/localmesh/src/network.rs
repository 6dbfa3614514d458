//! The pod network of the local mesh: who has which address on loopback, and how a container
//! reaches a service by name. Each mesh owns one `127.X.0.0/16`, each pod one address in it, so two
//! meshes never meet. A pod with a sidecar reaches services through Unix sockets on which its own
//! Envoy listens (there is no iptables without root); between pods everything is TCP.

mod claim;
mod dial;
mod workload;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;

pub(crate) use self::dial::{container_port, selector, selects};
use crate::error::{Error, Result};

/// Connections that may wait to be accepted; the kernel takes less where `somaxconn` is less. Once
/// a queue is full, the kernel drops what comes and the caller tries again after 1 s, then 3 s.
/// With 128 places, the usual number, a busy machine did that to hundreds of requests, and the mesh
/// looked slow where only the machine was.
pub const BACKLOG: i32 = 4096;

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

/// The mesh's network: a registry of pods and the way to their services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `X` of this mesh's `127.X.0.0/16`.
    block: u8,
    /// Held so that no other mesh takes the block; `None` on a network made without a claim.
    _claim: Option<claim::Claim>,
    /// The last number given to a pod.
    last: AtomicU32,
    registry: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    running: BTreeMap<(String, String), Arc<PodNet>>,
    by_ip: BTreeMap<Ipv4Addr, Arc<PodNet>>,
    /// Addresses of pods that are gone, oldest first.
    gone: VecDeque<Ipv4Addr>,
}

/// How many gone pods are remembered: telemetry asks for them only while their last connections
/// drain, and a run replaces far fewer pods than this.
const GONE_MAX: usize = 4096;

/// The last address of a block that is given away; the block's broadcast address stays unused.
const LAST_POD: u32 = 65_534;

// === impl Network ===

impl Network {
    /// Claims a free `127.X.0.0/16` for one mesh. The claim ends with the last clone of this
    /// network, or with the process, however it dies.
    pub fn claim() -> Result<Self> {
        let (block, claim) = claim::block()?;
        Ok(Self::over(block, Some(claim)))
    }

    fn over(block: u8, claim: Option<claim::Claim>) -> Self {
        let (last, registry) = (AtomicU32::new(0), Mutex::default());
        Self { inner: Arc::new(Inner { block, _claim: claim, last, registry }) }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Each change below leaves the registry whole, so a panic elsewhere does not spoil it.
        self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next pod's address and number; numbers count upwards and are never used again.
    pub fn allocate(&self) -> Result<(Ipv4Addr, u32)> {
        let number = self.inner.last.fetch_add(1, Ordering::Relaxed) + 1;
        if number > LAST_POD {
            return Err(Error::new("giving a pod an address", "all 65,534 have been used")
                .hint("start the mesh again; a pod's address is never given to another pod"));
        }
        let [hi, lo] = u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
        Ok((Ipv4Addr::new(127, self.inner.block, hi, lo), number))
    }

    /// An address on `ip` for somebody else to bind: with this very port if that can be had, else
    /// with a free one (the port may be held on 0.0.0.0, or be below 1024 without the right).
    pub fn reserve(&self, ip: Ipv4Addr, port: u16) -> io::Result<SocketAddr> {
        claim::bind(ip, port)?.local_addr()
    }

    /// The same, and listens there.
    pub fn listen(&self, ip: Ipv4Addr, port: u16) -> io::Result<TcpListener> {
        TcpListener::from_std(claim::bind(ip, port)?)
    }

    /// Listens again where somebody of ours has listened before.
    pub fn listen_again(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::from_std(claim::listen(address)?)
    }

    /// Puts a pod on the network; one of the same name is replaced.
    #[must_use]
    pub fn register(&self, pod: PodNet) -> Arc<PodNet> {
        let pod = Arc::new(pod);
        let mut registry = self.registry();
        registry.by_ip.insert(pod.ip, Arc::clone(&pod));
        let name = (pod.namespace.clone(), pod.name.clone());
        if let Some(old) = registry.running.insert(name, Arc::clone(&pod)) {
            registry.forget(old.ip);
        }
        pod
    }

    /// Takes a pod off the network; its address stays known to `by_ip`. A newer pod of the same
    /// name is left alone.
    pub fn remove(&self, pod: &PodNet) {
        let mut registry = self.registry();
        let name = (pod.namespace.clone(), pod.name.clone());
        if registry.running.get(&name).is_some_and(|running| running.uid == pod.uid) {
            registry.running.remove(&name);
            registry.forget(pod.ip);
        }
    }

    /// The pod with this address, also when it is gone: telemetry still names it.
    #[must_use]
    pub fn by_ip(&self, ip: Ipv4Addr) -> Option<Arc<PodNet>> {
        self.registry().by_ip.get(&ip).cloned()
    }

    /// The running pod of this name.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodNet>> {
        self.registry().running.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// All running pods, by namespace and name.
    #[must_use]
    pub fn pods(&self) -> Vec<Arc<PodNet>> {
        self.registry().running.values().cloned().collect()
    }
}

impl Default for Network {
    /// A network in `127.63.0.0/16`, outside of what `claim` gives away, for tests that open no
    /// sockets beside another mesh.
    fn default() -> Self {
        Self::over(63, None)
    }
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

// === impl Registry ===

impl Registry {
    /// Notes that the pod at this address is gone, and drops the pods that went longest ago.
    fn forget(&mut self, ip: Ipv4Addr) {
        self.gone.push_back(ip);
        while self.gone.len() > GONE_MAX {
            if let Some(oldest) = self.gone.pop_front() {
                self.by_ip.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(super) fn pod(network: &Network, name: &str) -> PodNet {
        let object = json!({"metadata": {"name": name, "namespace": "shop"}});
        PodNet {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: format!("uid-{name}-{}", network.inner.last.load(Ordering::Relaxed)),
            ip: network.allocate().unwrap().0,
            labels: BTreeMap::new(),
            workload: Workload::of(&object),
            dir: PathBuf::new(),
            sidecar: false,
            ports: Vec::new(),
            telemetry: None,
        }
    }

    #[test]
    fn addresses_count_upwards_over_the_octet() {
        let network = Network::default();
        let ips: Vec<_> = (0..257).map(|_| network.allocate().unwrap().0).collect();
        assert_eq!(ips[0], Ipv4Addr::new(127, 63, 0, 1));
        assert_eq!(ips[255], Ipv4Addr::new(127, 63, 1, 0));
        assert_eq!(ips[256], Ipv4Addr::new(127, 63, 1, 1));
        network.inner.last.store(LAST_POD - 1, Ordering::Relaxed);
        assert!(network.allocate().is_ok());
        assert!(network.allocate().is_err());
    }

    #[test]
    fn a_gone_pod_stays_known_by_its_address_for_a_bounded_time() {
        let network = Network::default();
        let first = network.register(pod(&network, "a"));
        let second = network.register(pod(&network, "a"));
        // The first one's late removal must not take the second one off the network.
        network.remove(&first);
        assert_eq!(network.pod("shop", "a").unwrap().ip, second.ip);
        network.remove(&second);
        assert!(network.pods().is_empty());
        assert_eq!(network.by_ip(first.ip).unwrap().uid, first.uid);
        for _ in 0..GONE_MAX {
            let next = network.register(pod(&network, "b"));
            network.remove(&next);
        }
        assert!(network.by_ip(first.ip).is_none());
        assert!(network.registry().by_ip.len() <= GONE_MAX);
    }
}
