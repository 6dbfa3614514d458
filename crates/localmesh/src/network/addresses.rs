//! Who has which address: the block of one mesh, given away pod by pod, and the pods that have one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;

use super::claim::{self, Claim};
use super::listen;
use super::pod_net::PodNet;
use super::pods::Pods;
use crate::error::{Error, Result};

/// The mesh's network: the pods that are on it, and the way to their services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `X` of this mesh's `127.X.0.0/16`.
    block: u8,
    /// Held so that no other mesh takes the block; `None` on a network made without a claim.
    _claim: Option<Claim>,
    /// The last number given to a pod.
    last: AtomicU32,
    pods: Mutex<Pods>,
}

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

    fn over(block: u8, claim: Option<Claim>) -> Self {
        let (last, pods) = (AtomicU32::new(0), Mutex::default());
        Self { inner: Arc::new(Inner { block, _claim: claim, last, pods }) }
    }

    fn known(&self) -> MutexGuard<'_, Pods> {
        // Each change leaves the pods whole, so a panic elsewhere does not spoil them.
        self.inner.pods.lock().unwrap_or_else(PoisonError::into_inner)
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
        listen::bind(ip, port)?.local_addr()
    }

    /// The same, and listens there.
    pub fn listen(&self, ip: Ipv4Addr, port: u16) -> io::Result<TcpListener> {
        TcpListener::from_std(listen::bind(ip, port)?)
    }

    /// Listens again where somebody of ours has listened before.
    pub fn listen_again(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::from_std(listen::listen(address)?)
    }

    /// Puts a pod on the network; one of the same name is replaced.
    #[must_use]
    pub fn register(&self, pod: PodNet) -> Arc<PodNet> {
        let pod = Arc::new(pod);
        self.known().register(Arc::clone(&pod));
        pod
    }

    /// Takes a pod off the network; its address stays known to `by_ip`. A newer pod of the same
    /// name is left alone.
    pub fn remove(&self, pod: &PodNet) {
        self.known().remove(pod);
    }

    /// The pod with this address, also when it is gone: telemetry still names it.
    #[must_use]
    pub fn by_ip(&self, ip: Ipv4Addr) -> Option<Arc<PodNet>> {
        self.known().by_ip(ip).cloned()
    }

    /// The running pod of this name.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Arc<PodNet>> {
        self.known().named(namespace, name).cloned()
    }

    /// All running pods, by namespace and name.
    #[must_use]
    pub fn pods(&self) -> Vec<Arc<PodNet>> {
        self.known().running().cloned().collect()
    }
}

impl Default for Network {
    /// A network in `127.63.0.0/16`, outside of what `claim` gives away, for tests that open no
    /// sockets beside another mesh.
    fn default() -> Self {
        Self::over(63, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
