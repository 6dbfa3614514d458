//! Looks at all pods and starts and stops their tasks. Level-triggered: it looks whenever anything
//! in the cluster changed, so no change can be missed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::config::{Config, NODE, changed};
use super::pod;
use crate::kinds;

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
        let mut versions = self.config.registry.versions();
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
        let pods = self.config.registry.list(&kinds::POD, None);
        let mut keep = HashSet::new();
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

#[cfg(test)]
mod tests;
