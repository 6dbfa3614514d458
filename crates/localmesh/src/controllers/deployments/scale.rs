//! How many replicas each ReplicaSet of a Deployment may have now. Pure.

use std::sync::Arc;

use serde_json::json;

use super::rollout::{Rollout, available, replicas};
use crate::controllers::plan::{Action, Plan};
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Object, meta};

// === impl Rollout ===

impl Rollout<'_> {
    /// How many replicas the newest ReplicaSet may have now that it has `has`.
    pub(super) fn new_replicas(&self, snapshot: &Snapshot, has: i64) -> i64 {
        if has >= self.desired {
            return self.desired;
        }
        if self.recreates() {
            let old_pods = self.old.iter().any(|set| {
                replicas(set) > 0 || snapshot.controlled_by(&kinds::POD, set).next().is_some()
            });
            return if old_pods { has } else { self.desired };
        }
        let total = has + self.old.iter().map(|set| replicas(set)).sum::<i64>();
        let room = self.desired + self.surge - total;
        has + room.clamp(0, self.desired - has)
    }

    pub(super) fn scale(&self, snapshot: &Snapshot, plan: &mut Plan) {
        if let Some(new) = self.new {
            self.set_replicas(new, self.new_replicas(snapshot, replicas(new)), plan);
        }
        let paused = self.deployment["spec"]["paused"] == json!(true);
        if self.recreates() && !paused {
            for set in &self.old {
                self.set_replicas(set, 0, plan);
            }
        } else if self.new.is_some() {
            self.scale_down_old(plan);
        } else if let Some((last, earlier)) = self.old.split_last() {
            // Paused before the template of now was ever rolled out: the last one is scaled.
            self.set_replicas(last, self.desired, plan);
            for set in earlier {
                self.set_replicas(set, 0, plan);
            }
        }
    }

    /// Takes replicas from the old `ReplicaSets`: first those that do not work anyway, then as many
    /// as are not needed to keep `desired - maxUnavailable` available.
    fn scale_down_old(&self, plan: &mut Plan) {
        let Some(new) = self.new else { return };
        let of_old: i64 = self.old.iter().map(|set| replicas(set)).sum();
        let needed = self.desired - self.unavailable;
        let new_missing = (replicas(new) - available(new)).max(0);
        let mut spare = of_old + replicas(new) - needed - new_missing;
        let mut available_spare =
            available(new) + self.old.iter().map(|set| available(set)).sum::<i64>() - needed;
        for set in &self.old {
            let has = replicas(set);
            let broken = (has - available(set)).clamp(0, spare.max(0));
            let rest = (has - broken).min(spare - broken).min(available_spare).max(0);
            spare -= broken + rest;
            available_spare -= rest;
            self.set_replicas(set, has - broken - rest, plan);
        }
    }

    fn set_replicas(&self, set: &Arc<Object>, to: i64, plan: &mut Plan) {
        let from = replicas(set);
        if from == to {
            return;
        }
        let mut object = (**set).clone();
        object["spec"]["replicas"] = json!(to);
        plan.push(Action::Update { object });
        self.scaled(meta::name(set), from, to, plan);
    }
}
