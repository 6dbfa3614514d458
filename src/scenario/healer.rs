//! Objects that were there before a run and were changed by it are given back by the mesh itself
//! when the runner is gone: a pod of Faultless's own image watches the run's heartbeat, and when it
//! stops, undoes with the very code of `sweep` what carries the run's marks. One for each namespace
//! in which a run changes something, started before the first such change.
//!
//! The heartbeat that it watches is the deadline of the Job that owns it (`dead_man`): each push
//! changes it, it lies in the healer's own namespace, and a Job that is gone says as much.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::changes::Changes;
use super::dead_man::{HEALER, LATER, Switch, healers_job, unprotected};
use super::guard::RUN;
use super::journal::{Budget, Marks, retried};
use super::lease;
use super::sweep::{self, Swept};
use crate::cluster::ObjectRef;
use crate::cluster::{Cluster, image};
use crate::error::{Error, Result};
use crate::faults::{MANAGED_BY, RUN_LABEL};

/// What the healer's Job says once it is watched.
const WATCHING: &str = "watching";

/// What a run may have changed, in the order in which it is given back: what names something before
/// what is named.
const KINDS: &[(&str, &str)] = &[
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("apps/v1", "Deployment"),
];

/// Pulling an image in a cluster takes tens of seconds; more than this is a broken cluster.
const READY_DEADLINE: Duration = Duration::from_mins(2);

/// Between two looks of the runner at a healer that starts.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two looks at the heartbeat: a healer is late by at most this, and a read of one object
/// each second is nothing to an API server.
const LOOK: Duration = Duration::from_secs(1);

/// The namespaces of a run that have a healer; every clone is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Healers(Arc<Mutex<BTreeSet<String>>>);

/// What a healer has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The run whose changes it gives back.
    pub run: String,
    /// Where: its own namespace.
    pub namespace: String,
    /// How long after the last heartbeat.
    pub within: Duration,
}

// === impl Healers ===

impl Healers {
    /// Makes sure that what is about to be changed in a namespace would be given back; `false` when
    /// the run is to do without.
    pub(super) async fn cover(&self, changes: &Changes, namespace: &str) -> Result<bool> {
        let Some(within) = changes.dead_man.within() else { return Ok(false) };
        let mut covered = self.0.lock().await;
        if !covered.contains(namespace) {
            let (run, namespace) = (changes.run.clone(), namespace.to_owned());
            let charge = Charge { run, namespace: namespace.clone(), within };
            start(changes, &charge).await.map_err(unprotected)?;
            covered.insert(namespace);
        }
        Ok(true)
    }

    /// Whether there is any.
    pub(super) async fn any(&self) -> bool {
        !self.0.lock().await.is_empty()
    }
}

/// Adds a healer and waits until it says that it watches, which shows its rights and its way to the
/// API server at once.
async fn start(changes: &Changes, charge: &Charge) -> Result<()> {
    let target = &changes.target;
    let namespace = &charge.namespace;
    let owner = changes.owner(namespace, Switch::Healer).await?;
    for object in objects(charge) {
        let name = ObjectRef::of(&object)?;
        // A start that failed half-way is gone on with.
        if target.get(&name).await?.is_none() {
            changes.add_owned(RUN, "the healer", &object, owner.clone()).await?;
        }
    }
    let job = healers_job(&charge.run, namespace);
    let started = Instant::now();
    loop {
        let found = target.get(&job).await?;
        let said = found.as_ref().and_then(|job| job.pointer("/metadata/annotations"));
        if said.is_some_and(|said| said[HEALER] == WATCHING) {
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
            return Err(Error::runner(format!("starting the healer in {namespace}"), cause));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

// === impl Charge ===

impl Charge {
    /// From the arguments after `heal`.
    ///
    /// # Errors
    ///
    /// The feature's (whoever typed them), if they are not a run, a namespace and whole seconds.
    pub fn parse(args: &[String]) -> Result<Self> {
        let wrong = || {
            Error::feature("reading what to heal", format!("`{}`", args.join(" ")))
                .hint("a run's id, a namespace, and seconds")
        };
        let [run, namespace, seconds] = args else { return Err(wrong()) };
        let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
        let within = Duration::from_secs(seconds);
        Ok(Self { run: run.clone(), namespace: namespace.clone(), within })
    }

    fn args(&self) -> [String; 4] {
        let seconds = self.within.as_secs().to_string();
        ["heal".to_owned(), self.run.clone(), self.namespace.clone(), seconds]
    }
}

/// Watches a run's heartbeat, and gives back what the run changed when it stops; then takes the
/// healer itself away. Answers what is left behind.
///
/// # Errors
///
/// The runner's, if the API server refuses what a healer needs.
pub async fn heal(target: &Cluster, charge: &Charge, tell: &dyn Fn(&str)) -> Result<Vec<String>> {
    let Charge { run, namespace, within } = charge;
    let uid = begin(target, charge).await?;
    tell(&format!("run {run}: watching its heartbeat in {namespace}"));
    silence(target, charge, &uid).await;
    tell(&format!("run {run}: no heartbeat for {} s", within.as_secs()));
    let mut swept = give_back(target, charge, tell).await;
    for what in &swept.left_behind {
        tell(&format!("run {run}: left behind: {what}"));
    }
    // In the namespace that has the Lease; it frees the target for the next run.
    let freed =
        retried(Budget::begin(), async || lease::release(target, namespace, run).await).await;
    if let Err(error) = freed {
        swept.left_behind.push(format!("the Lease: {error}"));
    }
    // It owns everything that this healer is made of.
    let job = healers_job(run, namespace);
    let ended = retried(Budget::begin(), async || target.delete(&job, &uid).await).await;
    if let Err(error) = ended {
        tell(&format!("run {run}: {job} will fire by itself: {error}"));
    }
    Ok(swept.left_behind)
}

/// Tries its rights, and says that it watches; answers the uid of its Job.
async fn begin(target: &Cluster, charge: &Charge) -> Result<String> {
    for (api_version, kind) in KINDS {
        target.list(api_version, kind, &charge.namespace, "").await?;
    }
    let job = healers_job(&charge.run, &charge.namespace);
    let found = target.get(&job).await?;
    let none = || Error::runner("beginning to watch", format!("there is no {job}"));
    let found = found.ok_or_else(none)?;
    let uid = found["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let patch = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": format!("/metadata/annotations/{}", HEALER.replace('/', "~1")),
         "value": WATCHING},
    ]);
    let patch = serde_json::from_value(patch)
        .map_err(|cause| Error::runner("beginning to watch", cause))?;
    target.patch(&job, patch).await?;
    Ok(uid)
}

/// Waits until the heartbeat has stopped for long enough. Clocks differ, so what counts is that the
/// deadline did not move while this process watched for so long; an API server that does not answer
/// says nothing, and neither does time in which this process stood still. Ends with the run at the
/// latest, which takes its healers away.
async fn silence(target: &Cluster, charge: &Charge, uid: &str) {
    let job = healers_job(&charge.run, &charge.namespace);
    let (mut seen, mut since) = (None, Instant::now());
    loop {
        let asked = Instant::now();
        match target.get(&job).await {
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
async fn give_back(target: &Cluster, charge: &Charge, tell: &dyn Fn(&str)) -> Swept {
    let Charge { run, namespace, within: _ } = charge;
    let (budget, mut swept) = (Budget::begin(), Swept::default());
    for (api_version, kind) in KINDS {
        let listed = retried(budget, async || target.list(api_version, kind, namespace, "").await);
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
            sweep::undo(target, run, object, budget, &mut swept, tell).await;
        }
        if given {
            // As with the Jobs: the proxies must have forgotten them before DestinationRules
            // change, and their state cannot be read from here.
            tokio::time::sleep(LATER).await;
        }
    }
    swept
}

fn name(run: &str) -> String {
    format!("faultless-{run}-healer")
}

/// What a healer consists of: an account, its rights, and a pod.
fn objects(charge: &Charge) -> [Value; 4] {
    let Charge { run, namespace, within: _ } = charge;
    let name = name(run);
    let labels = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run});
    let object = |api_version: &str, kind: &str, fields: Value| {
        let mut object = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
        });
        for (key, value) in fields.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    };
    let group = "rbac.authorization.k8s.io";
    let account = json!({"kind": "ServiceAccount", "name": name, "namespace": namespace});
    let role = json!({"apiGroup": group, "kind": "Role", "name": name});
    [
        object("v1", "ServiceAccount", json!({})),
        object("rbac.authorization.k8s.io/v1", "Role", json!({"rules": rules(charge)})),
        object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            json!({"roleRef": role, "subjects": [account]}),
        ),
        object("apps/v1", "Deployment", json!({"spec": deployment(charge, &name)})),
    ]
}

/// The least that a healer needs: to find and change what it may have to give back, and to watch
/// and end its own Job.
fn rules(charge: &Charge) -> Value {
    let job = healers_job(&charge.run, &charge.namespace).name;
    json!([
        {
            "apiGroups": ["networking.istio.io"],
            "resources": ["virtualservices", "destinationrules"],
            "verbs": ["get", "list", "patch"],
        },
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch"]},
        {
            "apiGroups": ["batch"],
            "resources": ["jobs"],
            "resourceNames": [job],
            "verbs": ["get", "patch", "delete"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [lease::NAME],
            "verbs": ["get", "delete"],
        },
    ])
}

fn deployment(charge: &Charge, name: &str) -> Value {
    json!({
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {
                "labels": {
                    "app": name,
                    MANAGED_BY.0: MANAGED_BY.1,
                    RUN_LABEL: charge.run,
                    // It talks to the API server alone, whatever is done to the mesh.
                    "sidecar.istio.io/inject": "false",
                },
            },
            "spec": {
                "serviceAccountName": name,
                "containers": [{
                    "name": "healer",
                    "image": image::reference(),
                    "args": charge.args(),
                    "securityContext": image::security_context(),
                }],
                "terminationGracePeriodSeconds": 5,
            },
        },
    })
}
