//! Workloads that a scenario deploys for its own time: a second version of a service, a load
//! tester. One that is there already is left alone, by the deploying and by the restore.

use std::path::Path;
use std::time::{Duration, Instant};

use reports::Phase;
use serde_json::{Value, json};

use super::run::Run;
use super::state::{QUIET, Scenario};
use crate::application::manifest;
use crate::cluster::{Converged, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::labels::{RUN_LABEL, label};
use crate::safety::{BlastRadius, Restored};

/// A manifest larger than this is no manifest.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// How long a workload's pods may take to end: Kubernetes gives them 30 s by default.
pub(super) const GONE_DEADLINE: Duration = Duration::from_secs(45);

/// Between two looks at the pods.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

impl Scenario {
    /// Given or When: workloads run, with these environment variables instead of their own.
    pub async fn deploy(&mut self, names: &[String], env: &[(String, String)]) -> Result<()> {
        self.step(async |this| {
            this.enter(Phase::Prepare, format!("deploying {}", names.join(", ")))?;
            let mut objects = Vec::new();
            for name in names {
                objects.extend(this.manifest(name, env)?);
            }
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let (mut deployments, mut told) = (Vec::new(), Vec::new());
            for object in &objects {
                let name = ObjectRef::of(object)?;
                if name.kind == "Deployment" {
                    deployments.push(name.clone());
                }
                if run.cluster.get(&name).await?.is_some() {
                    told.push(format!("{name} (there already)"));
                    continue;
                }
                this.remember(&run).await?;
                run.applier.add(this.scope(), &name.to_string(), object).await?;
                told.push(format!("{name} (added)"));
            }
            run.cluster.available(&deployments).await?;
            let known = this.known(&run, names).await?;
            this.disturbed_by(&run, told, Some(known));
            Ok(())
        })
        .await
    }

    /// When: workloads that this scenario deployed are taken away again.
    pub async fn undeploy(&mut self, names: &[String]) -> Result<()> {
        self.step(async |this| {
            this.enter(Phase::Prepare, format!("removing {}", names.join(", ")))?;
            let mut objects = Vec::new();
            for name in names {
                for object in this.manifest(name, &[])? {
                    objects.push(ObjectRef::of(&object)?);
                }
            }
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let taken = this.take_workloads_away(&run, |object| objects.contains(object)).await;
            run.quiet_not_before(Instant::now() + QUIET);
            taken.into_result("removing workloads")
        })
        .await
    }

    /// Deletes what this scenario deployed, and waits until its pods are gone and every proxy knows
    /// it: the next measurement must not see them end. Answers what is left behind.
    pub(crate) async fn take_workloads_away(
        &mut self,
        run: &Run,
        which: impl Fn(&ObjectRef) -> bool,
    ) -> Restored {
        let mut selected = self.workloads_added(run);
        selected.retain(which);
        let deployments: Vec<_> =
            selected.iter().filter(|object| object.kind == "Deployment").cloned().collect();
        let scope = self.scope();
        let mut restored = run
            .applier
            .restore(|entry| {
                let object = entry.undo.object();
                entry.scope == scope && object.is_some_and(|object| selected.contains(object))
            })
            .await;
        if deployments.is_empty() {
            return restored;
        }
        let names: Vec<_> = deployments.iter().map(ToString::to_string).collect();
        let gone = async {
            self.pods_gone(run, &deployments).await?;
            self.known(run, &names).await.map(drop)
        };
        if let Err(error) = gone.await {
            restored.doubt(&error);
        }
        restored
    }

    /// Waits until no pod of these Deployments is left.
    async fn pods_gone(&self, run: &Run, deployments: &[ObjectRef]) -> Result<()> {
        let started = Instant::now();
        let label = format!("{RUN_LABEL}={}", run.id);
        for deployment in deployments {
            loop {
                let (pods, _) =
                    run.cluster.list("v1", "Pod", &deployment.namespace, &label).await?;
                let prefix = format!("{}-", deployment.name);
                let left = pods.iter().any(|pod| {
                    pod["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(&prefix))
                });
                if !left {
                    break;
                }
                if started.elapsed() > GONE_DEADLINE {
                    let doing = format!("waiting until the pods of {deployment} are gone");
                    return Err(Error::left_behind(doing, "they are still there after 45 s"));
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Waits until every proxy knows the endpoints as they are now.
    pub(crate) async fn known(&self, run: &Run, names: &[String]) -> Result<Converged> {
        let namespaces = BlastRadius::of(&run.application)?.namespaces;
        run.cluster.endpoints_known(&namespaces, names).await
    }

    /// The objects of a workload's manifest, labelled as ours.
    fn manifest(&self, name: &str, env: &[(String, String)]) -> Result<Vec<Value>> {
        let manifest = self.application.deployable(name)?;
        let path = self.application.folder.join(&manifest.file);
        let mut objects = read(&path)?;
        let run = self.run_id();
        for object in &mut objects {
            ObjectRef::of(object)?;
            if object["metadata"]["namespace"].is_null()
                && let Some(namespace) = &manifest.namespace
            {
                object["metadata"]["namespace"] = namespace.as_str().into();
            }
            if let Some(metadata) = object.get_mut("metadata") {
                label(metadata, &run);
            }
            if object["kind"] == "Deployment" {
                if let Some(template) = object.pointer_mut("/spec/template/metadata") {
                    label(template, &run);
                }
                set_env(object, name, env)?;
            }
        }
        Ok(objects)
    }
}

fn read(path: &Path) -> Result<Vec<Value>> {
    manifest::objects(&manifest::read(path, MANIFEST_MAX)?, path)
}

/// Sets variables in the containers that have them.
fn set_env(deployment: &mut Value, name: &str, env: &[(String, String)]) -> Result<()> {
    for (variable, value) in env {
        let containers = deployment.pointer_mut("/spec/template/spec/containers");
        let mut variables = (containers.and_then(Value::as_array_mut).into_iter().flatten())
            .filter_map(|container| container["env"].as_array_mut())
            .flatten();
        match variables.find(|known| known["name"] == variable.as_str()) {
            Some(known) => *known = json!({"name": variable, "value": value}),
            None => {
                let doing = format!("deploying workload `{name}`");
                let cause = format!("it has no environment variable `{variable}`");
                return Err(Error::feature(doing, cause));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_never_invented() {
        let container = json!({"env": [{"name": "SLEEP", "value": "5"}]});
        let mut deployment = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        let one = |name: &str| [(name.to_owned(), "1".to_owned())];
        set_env(&mut deployment, "x", &one("SLEEP")).unwrap();
        let sleep = deployment.pointer("/spec/template/spec/containers/0/env/0/value").unwrap();
        assert_eq!(sleep, "1");
        let error = set_env(&mut deployment, "x", &one("SLEP")).unwrap_err().to_string();
        assert!(error.contains("no environment variable `SLEP`"), "{error}");
    }
}
