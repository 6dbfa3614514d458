//! How many pods a workload has: more or fewer for a scenario's own time, none at all for an
//! outage, and as many as before when it ends.

use std::time::Instant;

use reports::Phase;
use serde_json::Value;

use super::run::Run;
use super::state::Scenario;
use super::workloads::{GONE_DEADLINE, PAUSE};
use crate::cluster::{Converged, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::{Applied, Applier, Restored};

/// More pods of one workload than this were never tried.
const REPLICAS_MAX: u32 = 100;

impl Scenario {
    /// Given or When: a workload has so many pods.
    pub async fn scale(&mut self, name: &str, replicas: u32) -> Result<()> {
        self.step(async |this| {
            let doing = || format!("scaling workload `{name}`");
            if replicas > REPLICAS_MAX {
                return Err(Error::feature(doing(), format!("more than {REPLICAS_MAX} replicas")));
            }
            let namespace = this.application.workload(name)?;
            let none = || {
                Error::feature(doing(), "the application's description says no namespace for it")
            };
            let deployment = ObjectRef {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                namespace: namespace.ok_or_else(none)?,
                name: name.to_owned(),
            };
            this.enter(Phase::Prepare, format!("scaling {name} to {replicas} replicas"))?;
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            this.remember(&run).await?;
            let written = run.applier.scale(this.scope(), &deployment, replicas).await?;
            let Applied { name, how, .. } = written;
            let known = this.scaled(&run, &[deployment]).await?;
            let objects = vec![format!("{name} ({how})")];
            this.disturbed_by(&run, objects, Some(known));
            Ok(())
        })
        .await
    }

    /// Gives back what this scenario changed besides Istio's objects: replica counts and settings.
    pub(crate) async fn give_back(&mut self, run: &Run) -> Restored {
        let scope = self.scope();
        let entries = run.applier.others_changed(scope);
        if entries.is_empty() {
            return Restored::default();
        }
        let deployments: Vec<ObjectRef> =
            entries.iter().filter_map(|entry| entry.undo.object().cloned()).collect();
        let mut restored =
            run.applier.restore(|entry| entry.scope == scope && Applier::is_other(entry)).await;
        if !deployments.is_empty()
            && let Err(error) = self.scaled(run, &deployments).await
        {
            restored.doubt(&error);
        }
        restored
    }

    /// Waits until these Deployments have exactly the pods they ask for, and every proxy knows it.
    async fn scaled(&self, run: &Run, deployments: &[ObjectRef]) -> Result<Converged> {
        let mut names = Vec::new();
        for deployment in deployments {
            // One that is gone has nothing to wait for.
            if run.cluster.get(deployment).await?.is_none() {
                continue;
            }
            run.cluster.available(std::slice::from_ref(deployment)).await?;
            no_more_than_wanted(run, deployment).await?;
            names.push(deployment.to_string());
        }
        self.known(run, &names).await
    }
}

/// Waits until the pods that a Deployment has too many are gone: the next measurement must not see
/// them end.
async fn no_more_than_wanted(run: &Run, deployment: &ObjectRef) -> Result<()> {
    let started = Instant::now();
    loop {
        let Some(now) = run.cluster.get(deployment).await? else { return Ok(()) };
        let wanted = now.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
        let labels = now.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
        let pairs = labels.into_iter().flatten();
        let selector: Vec<_> =
            pairs.map(|(key, to)| format!("{key}={}", to.as_str().unwrap_or_default())).collect();
        let namespace = &deployment.namespace;
        let (pods, _) = run.cluster.list("v1", "Pod", namespace, &selector.join(",")).await?;
        if pods.len() as u64 <= wanted {
            return Ok(());
        }
        if started.elapsed() > GONE_DEADLINE {
            let doing = format!("waiting until {deployment} has {wanted} pods");
            let cause = format!("after 45 s it still has {}", pods.len());
            return Err(Error::left_behind(doing, cause));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
