//! A Deployment with what belongs to it, as it is. Pure.

use std::sync::Arc;

use serde_json::Value;

use crate::controllers::plan::Plan;
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Object, meta};

const COMPONENT: &str = "deployment-controller";
pub(super) const HASH: &str = "pod-template-hash";
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// A Deployment with what belongs to it.
pub(super) struct Rollout<'a> {
    pub(super) deployment: &'a Arc<Object>,
    /// `spec.replicas`
    pub(super) desired: i64,
    /// Pods allowed above `desired`.
    pub(super) surge: i64,
    /// Pods that may be missing below `desired`.
    pub(super) unavailable: i64,
    /// The ReplicaSet of the current template.
    pub(super) new: Option<&'a Arc<Object>>,
    /// All others, oldest revision first.
    pub(super) old: Vec<&'a Arc<Object>>,
}

// === impl Rollout ===

impl<'a> Rollout<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, deployment: &'a Arc<Object>) -> Self {
        let mut sets: Vec<_> = snapshot.controlled_by(&kinds::REPLICA_SET, deployment).collect();
        sets.sort_by_key(|set| revision(set));
        let template = &deployment["spec"]["template"];
        let new = sets.iter().position(|set| is_made_from(set, template));
        let new = new.map(|index| sets.remove(index));
        let desired = meta::number(deployment, "/spec/replicas").unwrap_or(1);
        let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
        let surge = share(&rolling["maxSurge"], desired, true);
        let mut unavailable = share(&rolling["maxUnavailable"], desired, false).min(desired);
        if surge == 0 && unavailable == 0 {
            // Both may round to nothing; then nothing could ever move.
            unavailable = 1;
        }
        Self { deployment, desired, surge, unavailable, new, old: sets }
    }

    pub(super) fn recreates(&self) -> bool {
        self.deployment["spec"]["strategy"]["type"] == "Recreate"
    }

    pub(super) fn scaled(&self, set: &str, from: i64, to: i64, plan: &mut Plan) {
        let way = if to > from { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {set} from {from} to {to}");
        plan.event(self.deployment, "Normal", "ScalingReplicaSet", message, COMPONENT);
    }
}

pub(super) fn replicas(set: &Value) -> i64 {
    meta::number(set, "/spec/replicas").unwrap_or(1)
}

pub(super) fn available(set: &Value) -> i64 {
    meta::number(set, "/status/availableReplicas").unwrap_or(0)
}

pub(super) fn revision(set: &Value) -> i64 {
    set["metadata"]["annotations"][REVISION].as_str().and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// Whether a ReplicaSet was made from this template: it is the same but for the hash.
fn is_made_from(set: &Value, template: &Value) -> bool {
    let mut own = set["spec"]["template"].clone();
    if let Some(labels) = own.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(HASH);
    }
    own == *template
}

/// A number, or a percentage of `of`; rounded up for what may be more, down for what may be less.
fn share(value: &Value, of: i64, up: bool) -> i64 {
    if let Some(number) = value.as_i64() {
        return number.max(0);
    }
    let percent: i64 =
        value.as_str().and_then(|text| text.strip_suffix('%')?.parse().ok()).unwrap_or(0);
    let product = of.saturating_mul(percent.clamp(0, 100));
    if up { (product + 99) / 100 } else { product / 100 }
}
