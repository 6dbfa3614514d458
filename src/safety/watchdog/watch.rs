//! Objects that were there before a run and were changed by it are given back by the mesh itself
//! when the runner is gone: a pod of Faultless's own image watches the run's heartbeat, and when it
//! stops, undoes with the very code of `sweep` what carries the run's marks. One for each namespace
//! in which a run changes something, started before the first such change.
//!
//! The heartbeat that it watches is the deadline of the Job that owns it (`deadman`): each push
//! changes it, it lies in the watchdog's own namespace, and a Job that is gone says as much.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::cluster::{Cluster, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::deadman::{LATER, WATCHDOG, watchdogs_job};
use crate::safety::patch::escaped;
use crate::safety::sweep::Swept;
use crate::safety::undo::{Budget, Marks, retried};
use crate::safety::watchdog::args::WatchdogArgs;
use crate::safety::watchdog::said::Said;
use crate::safety::{lease, sweep};

/// What a run may have changed, in the order in which it is given back: what names something before
/// what is named.
pub(crate) const KINDS: &[(&str, &str)] = &[
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("apps/v1", "Deployment"),
];

/// Between two looks at the heartbeat: a watchdog is late by at most this, and a read of one object
/// each second is nothing to an API server.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Watches a run's heartbeat, and gives back what the run changed when it stops; then takes the
/// watchdog itself away. Answers what is left behind.
///
/// # Errors
///
/// The runner's, if the API server refuses what a watchdog needs.
pub async fn watch(
    cluster: &Cluster,
    charge: &WatchdogArgs,
    tell: &dyn Fn(&str),
) -> Result<Vec<String>> {
    let WatchdogArgs { run, namespace, within, runner: _ } = charge;
    let uid = begin(cluster, charge).await?;
    tell(&format!("run {run}: watching its heartbeat in {namespace}"));
    silence(cluster, charge, &uid).await;
    tell(&format!("run {run}: no heartbeat for {} s", within.as_secs()));
    let mut swept = give_back(cluster, charge, tell).await;
    for what in &swept.left_behind {
        tell(&format!("run {run}: left behind: {what}"));
    }
    // In the namespace that has the Lease; that frees the mesh for the next run.
    let freed =
        retried(Budget::begin(), async || lease::release(cluster, namespace, run).await).await;
    if let Err(error) = freed {
        swept.left_behind.push(format!("the Lease: {error}"));
    }
    // It owns everything that this watchdog is made of.
    let job = watchdogs_job(run, namespace);
    let ended = retried(Budget::begin(), async || cluster.delete(&job, &uid).await).await;
    if let Err(error) = ended {
        tell(&format!("run {run}: {job} will fire by itself: {error}"));
    }
    Ok(swept.left_behind)
}

/// Tries its rights, and says that it watches, or why it will not; answers the uid of its Job.
async fn begin(cluster: &Cluster, charge: &WatchdogArgs) -> Result<String> {
    let doing = "beginning to watch";
    let job = watchdogs_job(&charge.run, &charge.namespace);
    let found = cluster.get(&job).await?;
    let found = found.ok_or_else(|| Error::runner(doing, format!("there is no {job}")))?;
    let uid = found["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    if let Some(why) = charge.stranger() {
        say(cluster, &job, &uid, &Said::Refused(why.clone())).await?;
        return Err(Error::runner(doing, why));
    }
    for (api_version, kind) in KINDS {
        cluster.list(api_version, kind, &charge.namespace, "").await?;
    }
    say(cluster, &job, &uid, &Said::Watching).await?;
    Ok(uid)
}

/// Says something on its Job, where the run hears it.
async fn say(cluster: &Cluster, job: &ObjectRef, uid: &str, said: &Said) -> Result<()> {
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": format!("/metadata/annotations/{}", escaped(WATCHDOG)),
         "value": said.text()},
    ]);
    let patch = serde_json::from_value(patch)
        .map_err(|cause| Error::runner("beginning to watch", cause))?;
    cluster.patch(job, patch).await.map(drop)
}

/// Waits until the heartbeat has stopped for long enough. Clocks differ, so what counts is that the
/// deadline did not move while this process watched for so long; an API server that does not answer
/// says nothing, and neither does time in which this process stood still. Ends with the run at the
/// latest, which takes its watchdogs away.
async fn silence(cluster: &Cluster, charge: &WatchdogArgs, uid: &str) {
    let job = watchdogs_job(&charge.run, &charge.namespace);
    let (mut seen, mut since) = (None, Instant::now());
    loop {
        let asked = Instant::now();
        match cluster.get(&job).await {
            Ok(Some(now)) if now["metadata"]["uid"].as_str() == Some(uid) => {
                let deadline = now["spec"]["activeDeadlineSeconds"].as_u64();
                if seen != Some(deadline) {
                    (seen, since) = (Some(deadline), Instant::now());
                } else if asked.saturating_duration_since(since) >= charge.within {
                    return;
                }
            }
            // It fired, or somebody took it away: nobody keeps this run alive any more.
            Ok(_) => return,
            Err(_) => {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Gives back whatever this run changed in the namespace and nobody else did since.
async fn give_back(cluster: &Cluster, charge: &WatchdogArgs, tell: &dyn Fn(&str)) -> Swept {
    let WatchdogArgs { run, namespace, within: _, runner: _ } = charge;
    let (budget, mut swept) = (Budget::begin(), Swept::default());
    for (api_version, kind) in KINDS {
        let listed = retried(budget, async || cluster.list(api_version, kind, namespace, "").await);
        let objects = match listed.await {
            Ok((objects, _)) => objects,
            Err(error) => {
                swept.left_behind.push(format!("every {kind} of this run: {error}"));
                continue;
            }
        };
        let mut given = false;
        for object in objects.iter().filter(|object| Marks::run(object).as_ref() == Some(run)) {
            given |= *kind == "VirtualService";
            sweep::undo(cluster, run, object, budget, &mut swept, tell).await;
        }
        if given {
            // As with the Jobs: the proxies must have forgotten them before DestinationRules
            // change, and their state cannot be read from here.
            tokio::time::sleep(LATER).await;
        }
    }
    swept
}
