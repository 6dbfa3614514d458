//! An application's own manifests, brought into a mesh and waited for: how a local mesh gets its
//! demo. On a cluster the application is there already.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::handle::Cluster;
use super::object_ref::ObjectRef;
use super::pod_trouble::{Trouble, not_made, trouble};
use crate::application::manifest::{Manifest, objects, read};
use crate::error::{Error, Result};

/// A manifest larger than this is no manifest.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// All pods of a demo are up in two or three seconds; a machine ten times slower is still within
/// this. It is longer than a sidecar may take to get ready, so that its reason is known by then.
const DEMO_MAX: Duration = Duration::from_secs(30);

/// Deployments are waited for as long as they make progress by their own measure; one that never
/// ends to begin anew is waited for no longer than this.
const READY_MAX: Duration = Duration::from_hours(1);

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
            for mut object in objects(&read(&path, MANIFEST_MAX)?, &path)? {
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
    /// how many pods that are. For a demo that was just brought into a mesh.
    pub async fn deployed(&self, namespaces: &[String]) -> Result<u64> {
        self.rolled_out(namespaces, DEMO_MAX, |_| true).await
    }

    /// Waits until these Deployments have all their replicas available, each for as long as its own
    /// `progressDeadlineSeconds` says.
    pub async fn available(&self, deployments: &[ObjectRef]) -> Result<u64> {
        let mut namespaces: Vec<_> = deployments.iter().map(|one| one.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        self.rolled_out(&namespaces, READY_MAX, |object| deployments.contains(object)).await
    }

    async fn rolled_out(
        &self,
        namespaces: &[String],
        most: Duration,
        which: impl Fn(&ObjectRef) -> bool,
    ) -> Result<u64> {
        let started = Instant::now();
        let mut looked = started;
        loop {
            let (mut pods, mut waiting, mut late) = (0, Vec::new(), None);
            for namespace in namespaces {
                let (all, _) = self.list("apps/v1", "Deployment", namespace, "").await?;
                for deployment in &all {
                    let name = ObjectRef::of(deployment)?;
                    if !which(&name) {
                        continue;
                    }
                    let (want, have) = replicas(deployment);
                    pods += have;
                    if have < want || number(deployment, "/status/observedGeneration") == 0 {
                        late = late.or_else(|| timed_out(deployment, started.elapsed(), most));
                        waiting.push((name, deployment["spec"]["selector"].clone()));
                    }
                }
            }
            if waiting.is_empty() {
                return Ok(pods);
            }
            if late.is_some() || looked.elapsed() > TROUBLE_PAUSE {
                looked = Instant::now();
                let troubles = self.troubles(&waiting).await?;
                if let Some(hopeless) = troubles.iter().find(|trouble| trouble.hopeless()) {
                    return Err(self.never_ready(&hopeless.text));
                }
                if let Some(late) = late {
                    let names: Vec<_> = waiting.iter().map(|(name, _)| name.to_string()).collect();
                    let why: String =
                        troubles.iter().take(3).map(|t| format!("\n{}", t.text)).collect();
                    let names = names.join(", ");
                    return Err(self.never_ready(&format!("{late} not available: {names}{why}")));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What keeps the pods of these Deployments from being ready, or from being made.
    async fn troubles(&self, waiting: &[(ObjectRef, Value)]) -> Result<Vec<Trouble>> {
        let mut troubles = Vec::new();
        for (name, selector) in waiting {
            let labels = selector["matchLabels"].as_object().into_iter().flatten();
            let pairs: Vec<_> = labels
                .map(|(key, to)| format!("{key}={}", to.as_str().unwrap_or_default()))
                .collect();
            let (pods, _) = self.list("v1", "Pod", &name.namespace, &pairs.join(",")).await?;
            troubles.extend(pods.iter().filter_map(trouble));
            troubles.extend(self.get(name).await?.as_ref().and_then(not_made));
        }
        Ok(troubles)
    }

    fn never_ready(&self, cause: &str) -> Error {
        let error = Error::runner("waiting for the application's pods", cause);
        if self.ends_with_this_process() {
            error.hint(
                "`faultless up --empty --write-kubeconfig FILE` keeps a mesh, for `kubectl` to \
                 look at what becomes of the manifests",
            )
        } else {
            error.hint("`kubectl describe` of the Deployment and of its pods says more")
        }
    }
}

/// How many pods a Deployment wants, and how many are available.
fn replicas(deployment: &Value) -> (u64, u64) {
    let wanted = deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    (wanted, number(deployment, "/status/availableReplicas"))
}

fn number(object: &Value, path: &str) -> u64 {
    object.pointer(path).and_then(Value::as_u64).unwrap_or_default()
}

/// Whether a Deployment has made no progress for as long as it says itself, or has begun again and
/// again for longer than anybody waits.
fn timed_out(deployment: &Value, waited: Duration, most: Duration) -> Option<String> {
    let conditions = deployment.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    let stuck = conditions.any(|condition| condition["reason"] == "ProgressDeadlineExceeded");
    let limit = number(deployment, "/spec/progressDeadlineSeconds");
    match stuck {
        true => Some(format!("without progress for {limit} s, its own limit,")),
        false if waited > most => Some(format!("after {} s", most.as_secs())),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_has_as_long_as_it_says_itself() {
        let with = |reason: &str| {
            json!({
                "spec": {"replicas": 1, "progressDeadlineSeconds": 40},
                "status": {"conditions": [{"type": "Progressing", "reason": reason}]},
            })
        };
        let at = |reason: &str, seconds| {
            timed_out(&with(reason), Duration::from_secs(seconds), READY_MAX)
        };
        assert_eq!(at("ReplicaSetUpdated", 500), None);
        let stuck = at("ProgressDeadlineExceeded", 1).expect("it is stuck");
        assert_eq!(stuck, "without progress for 40 s, its own limit,");
        assert_eq!(at("ReplicaSetUpdated", 3_601).as_deref(), Some("after 3600 s"));
        assert_eq!(replicas(&json!({"spec": {}, "status": {"availableReplicas": 2}})), (1, 2));
    }
}
