//! An application's own manifests, brought into a mesh and waited for: how a local mesh gets its
//! demo. On a cluster the application is there already.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::handle::Cluster;
use super::object_ref::ObjectRef;
use super::pod_trouble::{Trouble, trouble};
use crate::application::manifest::{Manifest, documents, read};
use crate::error::{Error, Result};

/// A manifest larger than this is no manifest.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// All pods of a demo are up in two or three seconds; a machine ten times slower is still within
/// this. It is longer than a sidecar may take to get ready, so that its reason is known by then.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks at the Deployments.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the pods themselves are looked at, for one that will never be ready.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

// === impl Cluster ===

impl Cluster {
    /// Creates every object of these manifests. One that is there already is left alone.
    pub async fn deploy(&self, folder: &Path, manifests: &[Manifest]) -> Result<()> {
        for manifest in manifests {
            let path = folder.join(&manifest.file);
            for mut object in documents(&read(&path, MANIFEST_MAX)?, &path.display().to_string())? {
                if let Some(namespace) = &manifest.namespace
                    && object["kind"] != "Namespace"
                    && object["metadata"].is_object()
                    && object["metadata"]["namespace"].is_null()
                {
                    object["metadata"]["namespace"] = namespace.as_str().into();
                }
                let name = ObjectRef::of(&object)?;
                if self.get(&name).await?.is_none() {
                    self.create(&object).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits until every Deployment of these namespaces has all its replicas available; answers
    /// how many pods that are.
    pub async fn deployed(&self, namespaces: &[String]) -> Result<u64> {
        let started = Instant::now();
        let mut looked = started;
        loop {
            let (mut pods, mut waiting) = (0, Vec::new());
            for namespace in namespaces {
                let (all, _) = self.list("apps/v1", "Deployment", namespace, "").await?;
                for deployment in &all {
                    let number = |path: &str| {
                        deployment.pointer(path).and_then(Value::as_u64).unwrap_or_default()
                    };
                    let (want, have) =
                        (number("/spec/replicas"), number("/status/availableReplicas"));
                    pods += have;
                    if have < want || number("/status/observedGeneration") == 0 {
                        waiting.push(ObjectRef::of(deployment)?.to_string());
                    }
                }
            }
            if waiting.is_empty() {
                return Ok(pods);
            }
            let late = started.elapsed() > READY_DEADLINE;
            if late || looked.elapsed() > TROUBLE_PAUSE {
                looked = Instant::now();
                let troubles = self.troubles(namespaces).await?;
                if let Some(hopeless) = troubles.iter().find(|trouble| trouble.hopeless()) {
                    return Err(never_ready(&hopeless.text));
                }
                if late {
                    let seconds = READY_DEADLINE.as_secs();
                    let names = waiting.join(", ");
                    let why: String =
                        troubles.iter().take(3).map(|t| format!("\n{}", t.text)).collect();
                    return Err(never_ready(&format!(
                        "after {seconds} s not available: {names}{why}"
                    )));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What keeps the pods of these namespaces from being ready.
    async fn troubles(&self, namespaces: &[String]) -> Result<Vec<Trouble>> {
        let mut troubles = Vec::new();
        for namespace in namespaces {
            let (pods, _) = self.list("v1", "Pod", namespace, "").await?;
            troubles.extend(pods.iter().filter_map(trouble));
        }
        Ok(troubles)
    }
}

fn never_ready(cause: &str) -> Error {
    Error::runner("waiting for the application's pods", cause).hint(
        "`faultless up --empty --write-kubeconfig FILE` keeps a mesh, for `kubectl` to look at \
         what becomes of the manifests",
    )
}
