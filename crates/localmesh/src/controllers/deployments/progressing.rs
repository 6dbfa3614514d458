//! Whether a rollout gets on: complete, on the way, or stuck for longer than
//! `progressDeadlineSeconds`. Pure.

use serde_json::Value;

use super::rollout::Rollout;
use crate::controllers::plan::Plan;
use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::store::meta;

/// The counts of a Deployment, added up from its `ReplicaSets`.
#[derive(PartialEq)]
pub(super) struct Counts {
    pub(super) replicas: i64,
    pub(super) updated: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
}

pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) holds: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

pub(super) fn before(deployment: &Value) -> Counts {
    let count = |field: &str| meta::number(deployment, &format!("/status/{field}")).unwrap_or(0);
    Counts {
        replicas: count("replicas"),
        updated: count("updatedReplicas"),
        ready: count("readyReplicas"),
        available: count("availableReplicas"),
    }
}

/// Complete, on the way, or stuck for longer than `progressDeadlineSeconds`.
pub(super) fn progressing(
    snapshot: &Snapshot,
    rollout: &Rollout<'_>,
    counts: &Counts,
    plan: &mut Plan,
) -> Condition {
    let desired = rollout.desired;
    let name = rollout.new.map_or("", |new| meta::name(new));
    let says = |holds, reason, what: &str| {
        let message = format!("ReplicaSet \"{name}\" {what}");
        Condition { kind: "Progressing", holds, reason, message }
    };
    let complete = rollout.new.is_some()
        && counts.updated == desired
        && counts.replicas == desired
        && counts.available >= desired;
    let before = read::condition(rollout.deployment, "Progressing");
    let reason = before.map_or("", |before| meta::text(before, "/reason"));
    let names_new = before.is_some_and(|before| {
        !name.is_empty() && meta::text(before, "/message").contains(&format!("\"{name}\""))
    });
    // Once rolled out it stays so until there is another template: a pod that fails later is
    // no failed rollout.
    if complete || (reason == "NewReplicaSetAvailable" && names_new) {
        return says("True", "NewReplicaSetAvailable", "has successfully progressed.");
    }
    if rollout.new.is_none() {
        return says("True", "NewReplicaSetCreated", "is being created.");
    }
    let limit = meta::number(rollout.deployment, "/spec/progressDeadlineSeconds").unwrap_or(600);
    let since = before.and_then(|before| read::time(before, "/lastUpdateTime"));
    let stuck_before = reason == "ProgressDeadlineExceeded" && names_new;
    if *counts == self::before(rollout.deployment)
        && names_new
        && let Some(since) = since
    {
        let deadline = read::after(since, limit);
        if stuck_before || deadline <= snapshot.now {
            return says("False", "ProgressDeadlineExceeded", "has timed out progressing.");
        }
        plan.wake_at(deadline);
    }
    says("True", "ReplicaSetUpdated", "is progressing.")
}
