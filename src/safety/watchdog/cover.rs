//! Starting a watchdog in each namespace in which a run changes something, before the first such
//! change.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::safety::applier::Applier;
use crate::safety::deadman::{Switch, WATCHDOG, unprotected, watchdogs_job};
use crate::safety::journal::Scope;
use crate::safety::watchdog::args::WatchdogArgs;
use crate::safety::watchdog::covered::Watchdogs;
use crate::safety::watchdog::manifests::{name, objects};
use crate::safety::watchdog::watch::WATCHING;

/// Pulling an image in a cluster takes tens of seconds; more than this is a broken cluster.
const READY_DEADLINE: Duration = Duration::from_mins(2);

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
            let charge = WatchdogArgs { run, namespace: namespace.clone(), within };
            start(applier, &charge).await.map_err(unprotected)?;
            covered.insert(namespace);
        }
        Ok(true)
    }
}

/// Adds a watchdog and waits until it says that it watches, which shows its rights and its way to
/// the API server at once.
async fn start(applier: &Applier, charge: &WatchdogArgs) -> Result<()> {
    let cluster = &applier.cluster;
    let namespace = &charge.namespace;
    let owner = applier.owner(namespace, Switch::Watchdog).await?;
    for object in objects(charge) {
        let name = ObjectRef::of(&object)?;
        // A start that failed half-way is gone on with.
        if cluster.get(&name).await?.is_none() {
            applier.add_owned(Scope::Run, "the watchdog", &object, owner.clone()).await?;
        }
    }
    let job = watchdogs_job(&charge.run, namespace);
    let started = Instant::now();
    loop {
        let found = cluster.get(&job).await?;
        let said = found.as_ref().and_then(|job| job.pointer("/metadata/annotations"));
        if said.is_some_and(|said| said[WATCHDOG] == WATCHING) {
            return Ok(());
        }
        if found.is_none() || started.elapsed() > READY_DEADLINE {
            let cause = match found {
                None => "its dead-man's switch is gone".to_owned(),
                Some(_) => format!(
                    "it does not watch after 2 minutes: kubectl logs deploy/{} -n {namespace}",
                    name(&charge.run)
                ),
            };
            return Err(Error::runner(format!("starting the watchdog in {namespace}"), cause));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
