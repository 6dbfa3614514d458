//! The kubelet: gives every pod an address, its application's stand-ins and, where one was
//! injected, a real Envoy, and reports what became of them. Level-triggered: it looks at all pods
//! whenever anything in the cluster changed, so no change can be missed.
//!
//! `pod` is one pod's life; `sandbox` what it needs before its containers run; `supervise` keeps
//! containers running; `status` and `env` are pure.

mod env;
mod pod;
mod sandbox;
mod status;
mod supervise;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::control_plane::ControlPlane;
use super::image::Images;
use super::kinds;
use super::logs::Logs;
use super::network::Network;

/// The one node's name, as `kubectl get pods -o wide` shows it.
pub const NODE: &str = "local";

/// The injected container beside which no image is needed: a real Envoy stands in for it.
pub const SIDECAR: &str = "istio-proxy";

/// How long the kubelet waits at most before it looks again when nothing tells it to.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What a kubelet works with.
pub struct Config {
    /// The objects.
    pub cluster: Cluster,
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

/// The kubelet of the mesh's only node.
pub struct Kubelet {
    config: Arc<Config>,
}

/// A pod whose task runs.
struct Live {
    stop: CancellationToken,
    task: AbortHandle,
}

// === impl Kubelet ===

impl Kubelet {
    /// A kubelet; `run` makes it work.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    /// Runs the cluster's pods until the future is dropped; then their tasks and Envoys end too.
    pub async fn run(&self) {
        let mut versions = self.config.cluster.versions();
        let mut live: HashMap<String, Live> = HashMap::new();
        let mut tasks = JoinSet::new();
        loop {
            // Seen before looking, so that a change made meanwhile wakes us again.
            versions.borrow_and_update();
            self.look(&mut live, &mut tasks);
            tokio::select! {
                () = changed(&mut versions) => {}
                Some(ended) = tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!("a pod's task ended: {error}");
                    }
                    live.retain(|_, pod| !pod.task.is_finished());
                }
            }
        }
    }

    /// Starts what is new and stops what is to go.
    fn look(&self, live: &mut HashMap<String, Live>, tasks: &mut JoinSet<()>) {
        let pods = self.config.cluster.list(&kinds::POD, None);
        let mut keep = std::collections::HashSet::new();
        for pod in pods {
            let Some(uid) = pod["metadata"]["uid"].as_str() else { continue };
            let elsewhere = pod["spec"]["nodeName"].as_str().is_some_and(|node| node != NODE);
            let deleting = !pod["metadata"]["deletionTimestamp"].is_null();
            if elsewhere {
                continue;
            }
            if !deleting {
                keep.insert(uid.to_owned());
            }
            if !live.contains_key(uid) {
                // A pod that is to be deleted before it ever ran is started too: its task sees
                // the cancelled token first and does nothing but the farewell.
                let stop = CancellationToken::new();
                let begun = pod::live(Arc::clone(&self.config), Arc::clone(&pod), stop.clone());
                live.insert(uid.to_owned(), Live { stop, task: tasks.spawn(begun) });
            }
        }
        for (uid, pod) in live {
            if !keep.contains(uid) {
                pod.stop.cancel();
            }
        }
    }
}

/// Waits until the cluster changed, or for `LOOK_AGAIN`.
async fn changed(versions: &mut watch::Receiver<u64>) {
    // Timing out and a closed channel both mean: look again, but not at once.
    let told = tokio::time::timeout(LOOK_AGAIN, versions.changed()).await;
    if let Ok(Err(_closed)) = told {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Now, as Kubernetes writes it.
fn now(cluster: &Cluster) -> String {
    cluster.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
