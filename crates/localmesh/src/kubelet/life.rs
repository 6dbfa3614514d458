//! What the task of one pod holds, and how it writes what became of the pod.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{Config, NODE, now};
use super::plan::Planned;
use super::sandbox::Sandbox;
use super::told::{Teller, Told};
use super::view::PodView;
use crate::kinds;
use crate::metrics::Threads;
use crate::store::Part;

pub(super) struct Life {
    pub(super) config: Arc<Config>,
    /// The pod as it was first seen; its spec does not change.
    pub(super) pod: Arc<Value>,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) view: PodView,
    pub(super) stop: CancellationToken,
}

/// The pod's running parts.
pub(super) struct Running {
    pub(super) sandbox: Sandbox,
    /// Waiting to be started once the sidecar is ready.
    pub(super) planned: Vec<Planned>,
    pub(super) apps: JoinSet<()>,
    /// Where they run.
    pub(super) threads: Threads,
    /// The Envoy's supervisor.
    pub(super) sidecar: JoinSet<()>,
    /// The telemetry page.
    pub(super) pages: JoinSet<()>,
    pub(super) apps_stop: CancellationToken,
    pub(super) sidecar_stop: CancellationToken,
    pub(super) told: mpsc::Receiver<(String, Told)>,
    pub(super) tell: Teller,
}

// === impl Life ===

impl Life {
    /// The life of a pod that was just seen.
    pub(super) fn new(config: Arc<Config>, pod: Arc<Value>, stop: CancellationToken) -> Self {
        let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
        Self {
            namespace: text("namespace"),
            name: text("name"),
            uid: text("uid"),
            view: PodView::new(&pod, &now(&config.registry)),
            config,
            pod,
            stop,
        }
    }

    /// Writes that the pod is on our node.
    pub(super) fn schedule(&self) {
        let (registry, uid) = (&self.config.registry, self.uid.as_str());
        let told = registry.update(&kinds::POD, &self.namespace, &self.name, Part::Spec, |pod| {
            if pod["metadata"]["uid"] == uid {
                pod["spec"]["nodeName"] = NODE.into();
            }
        });
        if let Err(refusal) = told {
            tracing::debug!("pod {} was not scheduled: {refusal}", self.name);
        }
        let at = format!("Successfully assigned {}/{} to {NODE}", self.namespace, self.name);
        self.event("Normal", "Scheduled", &at);
    }

    /// Writes the pod's status as it is now.
    pub(super) fn publish(&self) {
        let (registry, view, now) = (&self.config.registry, &self.view, self.now());
        let told = registry.update(&kinds::POD, &self.namespace, &self.name, Part::Status, |pod| {
            // A newer pod of the same name has a status of its own.
            if pod["metadata"]["uid"] == view.uid.as_str() {
                pod["status"] = view.status(&pod["status"], &now);
            }
        });
        if let Err(refusal) = told {
            tracing::debug!("the status of pod {} was not written: {refusal}", self.name);
        }
    }

    pub(super) fn event(&self, sort: &str, reason: &str, message: &str) {
        self.config.registry.record_event(&self.pod, sort, reason, message, "kubelet");
    }

    pub(super) fn now(&self) -> String {
        now(&self.config.registry)
    }
}
