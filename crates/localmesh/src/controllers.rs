//! What a Kubernetes controller manager does: Deployments make `ReplicaSets`, these and Jobs
//! make Pods, Services get `EndpointSlices`, what has lost its owner goes, and so does what is in a
//! namespace that goes.
//!
//! Each controller is a pure function from a `Snapshot` of everything to a `Plan` of actions; this
//! file is the rim that takes the snapshots, carries the plans out and sleeps until something
//! changes or a deadline comes. A plan is level-triggered: what could not be done, or was overtaken
//! by another write, is planned again from the next snapshot.

mod deployments;
mod endpoints;
mod events;
mod garbage;
mod jobs;
mod namespaces;
mod plan;
mod replica_sets;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::cluster::{Cluster, WriteMode};
use super::kinds;
use super::store::{Part, Preconditions, Refusal, meta};
use plan::{Action, Plan, Snapshot};

/// How long the controllers let a burst of writes settle before they look: one look at a whole
/// manifest instead of one per object. It bounds them to 500 looks a second whatever happens.
const SETTLE: Duration = Duration::from_millis(2);

/// When an action that was refused is tried again: a terminating namespace or a full cluster does
/// not become free faster, and nothing may spin.
const RETRY: Duration = Duration::from_secs(1);

/// The longest sleep without any change; deadlines further away are looked at again on the way.
const SLEEP_MAX: Duration = Duration::from_hours(1);

/// The cluster's controllers.
#[derive(Debug)]
pub struct Controllers;

// === impl Controllers ===

impl Controllers {
    /// Keeps the cluster's objects as their specs say, until the future is dropped.
    pub async fn run(cluster: Cluster) {
        let mut versions = cluster.versions();
        let mut held = Held::default();
        loop {
            versions.mark_unchanged();
            let wake = settle(&cluster, &mut held);
            tokio::select! {
                // The sender lives in `cluster`, so this can only be a change.
                _ = versions.changed() => tokio::time::sleep(SETTLE).await,
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }
}

/// Owners whose pods were refused, and until when no other is tried: the Event that tells of the
/// refusal is a change itself, and would otherwise make the controllers try again at once.
type Held = BTreeMap<String, Instant>;

/// One look and everything that follows from it; says when to look again at the latest.
fn settle(cluster: &Cluster, held: &mut Held) -> Instant {
    let now = cluster.now();
    held.retain(|_, until| *until > Instant::now());
    let snapshot = Snapshot::new(now, cluster.snapshots(kinds::ALL));
    let plan = reconcile(&snapshot);
    let mut sleep = plan.wake().map_or(SLEEP_MAX, |wake| until(now, wake));
    for action in plan.actions {
        let owner = match &action {
            Action::CreatePod { owner, .. } => Some(meta::uid(owner)),
            _ => None,
        };
        if owner.is_some_and(|owner| held.contains_key(owner)) {
            sleep = sleep.min(RETRY);
            continue;
        }
        if let Err(refusal) = perform(cluster, &action) {
            tracing::debug!(%refusal, ?action, "a controller's action was refused");
            sleep = sleep.min(RETRY);
            if let Some(owner) = owner {
                held.insert(owner.to_owned(), Instant::now() + RETRY);
            }
        }
    }
    Instant::now() + sleep
}

fn until(now: Timestamp, wake: Timestamp) -> Duration {
    // The millisecond is the timer's own granularity: waking before the deadline would spin.
    let left = Duration::try_from(wake.duration_since(now)).unwrap_or(Duration::ZERO);
    (left + Duration::from_millis(1)).min(SLEEP_MAX)
}

/// All controllers, each over the same snapshot. They write different fields, so they cannot
/// contradict each other within one plan.
fn reconcile(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    namespaces::reconcile(snapshot, &mut plan);
    garbage::reconcile(snapshot, &mut plan);
    deployments::reconcile(snapshot, &mut plan);
    replica_sets::reconcile(snapshot, &mut plan);
    jobs::reconcile(snapshot, &mut plan);
    endpoints::reconcile(snapshot, &mut plan);
    events::reconcile(snapshot, &mut plan);
    plan
}

fn perform(cluster: &Cluster, action: &Action) -> Result<(), Refusal> {
    let mode = WriteMode::default();
    match action {
        Action::Create { kind, object } => cluster.create(kind, object.clone(), mode).map(|_| ()),
        Action::CreatePod { owner, pod, component } => {
            let created = cluster.create(&kinds::POD, pod.clone(), mode);
            let (level, reason, message) = match &created {
                Ok(pod) => {
                    ("Normal", "SuccessfulCreate", format!("Created pod: {}", meta::name(pod)))
                }
                Err(refusal) => ("Warning", "FailedCreate", format!("Error creating: {refusal}")),
            };
            cluster.record_event(owner, level, reason, &message, component);
            created.map(|_| ())
        }
        Action::DeletePod { owner, pod, component } => {
            let deleted = delete(cluster, pod, &Preconditions::default());
            if deleted.is_ok() {
                let message = format!("Deleted pod: {}", meta::name(pod));
                cluster.record_event(owner, "Normal", "SuccessfulDelete", &message, component);
            }
            deleted
        }
        Action::Update { object } => write(cluster, object, Part::Spec),
        Action::UpdateStatus { object } => write(cluster, object, Part::Status),
        Action::Delete { object, propagation } => {
            let how = Preconditions { propagation: Some(*propagation), ..Preconditions::default() };
            delete(cluster, object, &how)
        }
        Action::FinalizeNamespace { namespace } => cluster.finalize_namespace(namespace),
        Action::Event { about, level, reason, message, component } => {
            cluster.record_event(about, level, reason, message, component);
            Ok(())
        }
    }
}

/// Writes an object that was changed in a plan; its resource version makes it a 409 if anybody
/// wrote it since.
fn write(cluster: &Cluster, object: &Value, part: Part) -> Result<(), Refusal> {
    let kind = plan::kind_of(object)
        .ok_or_else(|| Refusal::bad_request("a plan names a kind that does not exist"))?;
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    let mode = WriteMode::default();
    cluster.modify(kind, namespace, name, part, mode, |_| Ok(object.clone())).map(|_| ())
}

/// Deletes exactly the object that the plan has seen.
fn delete(cluster: &Cluster, object: &Value, how: &Preconditions) -> Result<(), Refusal> {
    let kind = plan::kind_of(object)
        .ok_or_else(|| Refusal::bad_request("a plan names a kind that does not exist"))?;
    let how = Preconditions { uid: Some(meta::uid(object).to_owned()), ..how.clone() };
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    match cluster.delete(kind, namespace, name, &how, WriteMode::default()) {
        // Somebody else was faster.
        Err(refusal) if refusal.code == 404 => Ok(()),
        deleted => deleted.map(|_| ()),
    }
}

#[cfg(test)]
mod tests;
