//! What a Deployment says about itself: the counts and conditions that `kubectl rollout status` and
//! `kubectl wait` read. Pure.

use serde_json::{Value, json};

use super::super::super::store::meta;
use super::super::plan::{self, Plan, Snapshot};
use super::Rollout;

/// The counts of a Deployment, added up from its `ReplicaSets`.
#[derive(PartialEq)]
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
}

pub(super) fn status(snapshot: &Snapshot, rollout: &Rollout<'_>, plan: &mut Plan) -> Value {
    let sum = |field: &str| -> i64 {
        let pointer = format!("/status/{field}");
        rollout.old.iter().chain(&rollout.new).filter_map(|set| meta::number(set, &pointer)).sum()
    };
    let counts = Counts {
        replicas: sum("replicas"),
        updated: rollout.new.and_then(|new| meta::number(new, "/status/replicas")).unwrap_or(0),
        ready: sum("readyReplicas"),
        available: sum("availableReplicas"),
    };
    let has_minimum = counts.available >= rollout.desired - rollout.unavailable;
    let (holds, reason, message) = if has_minimum {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let available = Condition { kind: "Available", holds, reason, message: message.to_owned() };
    let progressing = progressing(snapshot, rollout, &counts, plan);
    let advanced = counts != before(rollout.deployment);
    json!({
        "observedGeneration": rollout.deployment["metadata"]["generation"],
        "replicas": counts.replicas,
        "updatedReplicas": counts.updated,
        "readyReplicas": counts.ready,
        "availableReplicas": counts.available,
        "unavailableReplicas": (counts.replicas.max(rollout.desired) - counts.available).max(0),
        "conditions": [
            available.stamped(snapshot, rollout.deployment, false),
            progressing.stamped(snapshot, rollout.deployment, advanced),
        ],
    })
}

fn before(deployment: &Value) -> Counts {
    let count = |field: &str| meta::number(deployment, &format!("/status/{field}")).unwrap_or(0);
    Counts {
        replicas: count("replicas"),
        updated: count("updatedReplicas"),
        ready: count("readyReplicas"),
        available: count("availableReplicas"),
    }
}

struct Condition {
    kind: &'static str,
    holds: &'static str,
    reason: &'static str,
    message: String,
}

// === impl Condition ===

impl Condition {
    /// With the times it had before, as far as it is the same still.
    fn stamped(self, snapshot: &Snapshot, deployment: &Value, advanced: bool) -> Value {
        let now = snapshot.time();
        let before = plan::condition(deployment, self.kind);
        let kept = |field: &str, same: bool| {
            let before = before.filter(|_| same).map(|before| meta::text(before, field));
            before.unwrap_or(&now).to_owned()
        };
        let same_status = before.is_some_and(|before| before["status"] == self.holds);
        let same_reason = before.is_some_and(|before| before["reason"] == self.reason);
        json!({
            "type": self.kind,
            "status": self.holds,
            "reason": self.reason,
            "message": self.message,
            "lastUpdateTime": kept("/lastUpdateTime", same_status && same_reason && !advanced),
            "lastTransitionTime": kept("/lastTransitionTime", same_status),
        })
    }
}

/// Complete, on the way, or stuck for longer than `progressDeadlineSeconds`.
fn progressing(
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
    let before = plan::condition(rollout.deployment, "Progressing");
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
    let since = before.and_then(|before| plan::time(before, "/lastUpdateTime"));
    let stuck_before = reason == "ProgressDeadlineExceeded" && names_new;
    if *counts == self::before(rollout.deployment)
        && names_new
        && let Some(since) = since
    {
        let deadline = plan::after(since, limit);
        if stuck_before || deadline <= snapshot.now {
            return says("False", "ProgressDeadlineExceeded", "has timed out progressing.");
        }
        plan.wake_at(deadline);
    }
    says("True", "ReplicaSetUpdated", "is progressing.")
}
