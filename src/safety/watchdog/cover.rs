//! Starting a watchdog in each namespace in which a run changes something, before the first such
//! change.

use std::time::Duration;

use crate::cluster::image::VERSION;
use crate::cluster::{ObjectRef, OwnPods};
use crate::error::{Error, Result};
use crate::safety::applier::Applier;
use crate::safety::deadman::{Switch, WATCHDOG, unprotected, watchdogs_job};
use crate::safety::journal::Scope;
use crate::safety::watchdog::args::WatchdogArgs;
use crate::safety::watchdog::covered::Watchdogs;
use crate::safety::watchdog::manifests::{name, objects};
use crate::safety::watchdog::said::Said;

/// Between two looks of the runner at a watchdog that starts.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

impl Watchdogs {
    /// Makes sure that what is about to be changed in a namespace would be given back; `false` when
    /// the run is to do without.
    pub(crate) async fn cover(&self, applier: &Applier, namespace: &str) -> Result<bool> {
        let Some(within) = applier.dead_man.within() else { return Ok(false) };
        let mut covered = self.0.lock().await;
        if !covered.contains(namespace) {
            let (run, namespace) = (applier.run.clone(), namespace.to_owned());
            let runner = VERSION.to_owned();
            let charge = WatchdogArgs { run, namespace: namespace.clone(), within, runner };
            start(applier, &charge).await.map_err(unprotected)?;
            covered.insert(namespace);
        }
        Ok(true)
    }
}

/// Adds a watchdog and waits until it says that it watches, which shows its rights and its way to
/// the API server at once; or that it will not.
async fn start(applier: &Applier, charge: &WatchdogArgs) -> Result<()> {
    let cluster = &applier.cluster;
    let namespace = &charge.namespace;
    let owner = applier.owner(namespace, Switch::Watchdog).await?;
    let objects = objects(charge, cluster.agent_image());
    for object in &objects {
        let name = ObjectRef::of(object)?;
        // A start that failed half-way is gone on with.
        if cluster.get(&name).await?.is_none() {
            applier.add_owned(Scope::Run, "the watchdog", object, owner.clone()).await?;
        }
    }
    let [.., deployment] = &objects;
    let doing = format!("waiting until the watchdog in {namespace} watches");
    let selector = format!("app={}", name(&charge.run));
    let mut pods = OwnPods::begin(doing.clone(), ObjectRef::of(deployment)?, selector);
    let job = watchdogs_job(&charge.run, namespace);
    loop {
        let Some(found) = cluster.get(&job).await? else {
            return Err(Error::runner(doing, "its dead-man's switch is gone"));
        };
        match found["metadata"]["annotations"][WATCHDOG].as_str().map(Said::of) {
            Some(Said::Watching) => return applier.dead_man.watched(cluster, namespace).await,
            Some(Said::Refused(why)) => return Err(Error::runner(doing, why)),
            Some(Said::Nothing) | None => {}
        }
        pods.look(cluster).await?;
        tokio::time::sleep(PAUSE).await;
    }
}
