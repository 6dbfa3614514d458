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

/// All pods of a demo are up in two or three seconds; a machine ten times slower is still within
/// this. It is longer than a sidecar may take to get ready, so that its reason is known by then.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks at the Deployments.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the pods themselves are looked at, for one that will never be ready.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// A container that ended so often is not in a race of the start: it will end again. With the
/// kubelet's growing pauses this many restarts take some ten seconds.
const RESTARTS_MAX: u64 = 3;

/// How much of a container's last words is shown.
const WORDS_MAX: usize = 2_000;

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
                if let Some(hopeless) = troubles.iter().find(|trouble| trouble.hopeless) {
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

/// Why a pod is not ready.
#[derive(Debug, PartialEq, Eq)]
struct Trouble {
    text: String,
    /// Whether waiting longer is in vain.
    hopeless: bool,
}

/// What the status of a pod says about its first container in trouble. Pure.
fn trouble(pod: &Value) -> Option<Trouble> {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim_end().to_owned();
    let containers = pod["status"]["containerStatuses"].as_array()?;
    containers.iter().find_map(|container| {
        let waiting = &container["state"]["waiting"];
        let reason = text(&waiting["reason"]);
        let restarts = container["restartCount"].as_u64().unwrap_or_default();
        let last = text(&container["lastState"]["terminated"]["message"]);
        let message = if last.is_empty() { text(&waiting["message"]) } else { last };
        // Between being made and being started a container waits without any message.
        if reason.is_empty() || message.is_empty() {
            return None;
        }
        let message: String = message.chars().take(WORDS_MAX).collect();
        let (pod, name) = (text(&pod["metadata"]["name"]), text(&container["name"]));
        let text =
            format!("container {name} of pod {pod}, started {} times: {message}", restarts + 1);
        Some(Trouble { text, hopeless: restarts >= RESTARTS_MAX })
    })
}

fn never_ready(cause: &str) -> Error {
    Error::runner("waiting for the application's pods", cause).hint(
        "`faultless up --empty --write-kubeconfig FILE` keeps a mesh, for `kubectl` to look at \
         what becomes of the manifests",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_that_keeps_ending_is_hopeless() {
        let pod = |restarts: u64, last: &str| {
            json!({
                "metadata": {"name": "p"},
                "status": {"containerStatuses": [
                    {"name": "app", "restartCount": 0, "state": {"running": {}}},
                    {
                        "name": "istio-proxy",
                        "restartCount": restarts,
                        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                        "lastState": {"terminated": {"message": last}},
                    },
                ]},
            })
        };
        let early = trouble(&pod(1, "boom\n")).unwrap();
        assert_eq!(early.text, "container istio-proxy of pod p, started 2 times: boom");
        assert!(!early.hopeless);
        assert!(trouble(&pod(3, "")).unwrap().hopeless);
        assert!(trouble(&pod(3, "")).unwrap().text.ends_with("back-off"));
        let long = trouble(&pod(9, &"ü".repeat(WORDS_MAX * 2))).unwrap();
        assert!(long.text.chars().count() < WORDS_MAX + 100);
    }

    #[test]
    fn a_pod_that_only_starts_has_no_trouble() {
        let waiting = json!({"status": {"containerStatuses": [
            {"name": "a", "state": {"waiting": {"reason": "ContainerCreating"}}},
            {"name": "b", "state": {"running": {}}, "lastState": {"terminated": {"message": "x"}}},
        ]}});
        assert_eq!(trouble(&waiting), None);
        assert_eq!(trouble(&json!({})), None);
    }
}
