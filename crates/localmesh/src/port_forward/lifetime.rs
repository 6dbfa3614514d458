//! How long a port is forwarded: as long as its pod is on the network.

use std::sync::Arc;

use crate::network::{Network, PodNet};
use crate::registry::Registry;

/// A pod whose ports are forwarded, and how one hears of its end.
#[derive(Clone)]
pub(crate) struct Lifetime {
    pub(crate) pod: Arc<PodNet>,
    pub(crate) network: Network,
    pub(crate) registry: Registry,
}

// === impl Lifetime ===

impl Lifetime {
    /// Waits until the pod is not on the network any more; the kubelet writes its status, or
    /// removes it, after it took the pod off.
    pub(crate) async fn ended(&self) {
        let mut versions = self.registry.versions();
        loop {
            versions.borrow_and_update();
            let pod = self.network.pod(&self.pod.namespace, &self.pod.name);
            if pod.is_none_or(|pod| pod.uid != self.pod.uid) || versions.changed().await.is_err() {
                return;
            }
        }
    }
}
