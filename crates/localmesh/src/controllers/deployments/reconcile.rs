//! What each Deployment needs next.

use serde_json::json;

use super::rollout::Rollout;
use super::status;
use crate::controllers::plan::Plan;
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::meta;

pub(in crate::controllers) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    for deployment in snapshot.of(&kinds::DEPLOYMENT) {
        let rollout = Rollout::of(snapshot, deployment);
        if !meta::is_terminating(deployment) {
            plan.adopt(snapshot, &kinds::REPLICA_SET, deployment);
            let paused = deployment["spec"]["paused"] == json!(true);
            if rollout.new.is_none() && !paused {
                rollout.begin(snapshot, plan);
            } else {
                rollout.mark_revision(plan);
                rollout.scale(snapshot, plan);
                rollout.forget_history(plan);
            }
        }
        let status = status::status(snapshot, &rollout, plan);
        plan.status(deployment, status);
    }
}
