//! The control plane: looks at the cluster's objects and the pods on the network, translates, and
//! delivers to each Envoy; knows which proxy accepted or rejected what.

pub mod rejections;

use std::sync::Arc;

use super::cluster::Cluster;
use super::network::{Network, PodNet};
use crate::error::Result;

/// The control plane of one mesh; cheap to clone.
#[derive(Debug, Clone)]
pub struct ControlPlane {}

// === impl ControlPlane ===

impl ControlPlane {
    /// A control plane over these objects and pods. `run` makes it follow changes.
    #[must_use]
    pub fn new(_cluster: Cluster, _network: Network) -> Self {
        Self {}
    }

    /// Follows changes until the future is dropped.
    pub async fn run(&self) {
        std::future::pending::<()>().await;
    }

    /// Writes a new pod's first configuration into its folder, so that its Envoy starts complete,
    /// and follows it from now on.
    #[expect(clippy::unused_async, reason = "filled in by the implementation")]
    pub async fn join(&self, _pod: Arc<PodNet>) -> Result<()> {
        Ok(())
    }

    /// Forgets a pod.
    pub fn leave(&self, _pod: &PodNet) {}
}
