//! What a kubelet works with, and what its parts share.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use crate::control_plane::ControlPlane;
use crate::image::Images;
use crate::injection;
use crate::logs::Logs;
use crate::network::Network;
use crate::registry::Registry;

/// The one node's name, as `kubectl get pods -o wide` shows it.
pub const NODE: &str = "local";

/// The injected container beside which no image is needed: a real Envoy stands in for it.
pub const SIDECAR: &str = injection::CONTAINER;

/// How long the kubelet waits at most before it looks again when nothing tells it to.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What a kubelet works with.
pub struct Config {
    /// The objects.
    pub registry: Registry,
    /// Where pods get their addresses.
    pub network: Network,
    /// Who configures the Envoys.
    pub control_plane: ControlPlane,
    /// Where the containers' lines go.
    pub logs: Logs,
    /// What can be run.
    pub images: Images,
    /// The Envoy binary.
    pub envoy: PathBuf,
    /// The program that ties Envoy's life to ours, see `envoy::Spec`.
    pub shim: PathBuf,
    /// The mesh's folder; each pod gets one in it. Must be short: the sockets in it have paths of
    /// at most 107 bytes.
    pub dir: PathBuf,
}

/// Waits until the cluster changed, or for `LOOK_AGAIN`.
pub(super) async fn changed(versions: &mut watch::Receiver<u64>) {
    // Timing out and a closed channel both mean: look again, but not at once.
    let told = tokio::time::timeout(LOOK_AGAIN, versions.changed()).await;
    if let Ok(Err(_closed)) = told {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Now, as Kubernetes writes it.
pub(super) fn now(registry: &Registry) -> String {
    registry.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
