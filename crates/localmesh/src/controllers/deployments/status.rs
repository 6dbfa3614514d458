//! What a Deployment says about itself: the counts and conditions that `kubectl rollout status` and
//! `kubectl wait` read. Pure.

use serde_json::{Value, json};

use super::progressing::{Condition, Counts, before, progressing};
use super::rollout::Rollout;
use crate::controllers::plan::Plan;
use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::store::meta;

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

// === impl Condition ===

impl Condition {
    /// With the times it had before, as far as it is the same still.
    fn stamped(self, snapshot: &Snapshot, deployment: &Value, advanced: bool) -> Value {
        let now = snapshot.time();
        let before = read::condition(deployment, self.kind);
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
