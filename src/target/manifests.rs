//! An application's own manifests, brought into a mesh and waited for: how a local mesh gets its
//! demo. On a cluster the application is there already.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::objects::ObjectRef;
use crate::error::{Error, Result};

/// A manifest larger than this is no manifest.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// All pods of a demo are up in a few seconds; a machine ten times slower is still within this.
const READY_DEADLINE: Duration = Duration::from_mins(1);

/// Between two looks at the Deployments.
const PAUSE: Duration = Duration::from_millis(20);

/// A file and the namespace its objects go to, as `kubectl apply -n` would say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Path, relative to the application's file.
    pub file: PathBuf,
    /// For objects that name none themselves.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// The documents of a YAML file as JSON: merge keys resolved, empty documents skipped, duplicate
/// keys refused.
pub fn documents(text: &str, origin: &str) -> Result<Vec<Value>> {
    let doing = || format!("reading {origin}");
    let mut all = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut yaml = serde_yaml::Value::deserialize(document)
            .map_err(|cause| Error::feature(doing(), cause))?;
        yaml.apply_merge().map_err(|cause| Error::feature(doing(), cause))?;
        if !yaml.is_null() {
            all.push(serde_json::to_value(yaml).map_err(|cause| Error::feature(doing(), cause))?);
        }
    }
    Ok(all)
}

/// Reads a bounded text file; errors name it.
pub fn read(path: &Path, max: u64) -> Result<String> {
    let doing = || format!("reading {}", path.display());
    let size = std::fs::metadata(path).map_err(|cause| Error::feature(doing(), cause))?.len();
    if size > max {
        return Err(Error::feature(doing(), format!("it has {size} bytes, more than {max}")));
    }
    std::fs::read_to_string(path).map_err(|cause| Error::feature(doing(), cause))
}

// === impl Target ===

impl Target {
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
            if started.elapsed() > READY_DEADLINE {
                return Err(Error::runner(
                    "waiting for the application's pods",
                    format!("after 60 s not available: {}", waiting.join(", ")),
                )
                .hint("`kubectl describe pod` against this mesh says why"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
