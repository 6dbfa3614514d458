//! Deployments: one ReplicaSet per pod template, replicas moved from the old ones to the newest as
//! fast as `maxSurge` and `maxUnavailable` allow, and the conditions that `kubectl rollout status`
//! waits for. Pure.

mod status;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::admission::{encoded, fnv};
use super::super::kinds;
use super::super::store::{Object, Propagation, meta};
use super::plan::{Action, Plan, Snapshot};

const COMPONENT: &str = "deployment-controller";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A Deployment with what belongs to it.
struct Rollout<'a> {
    deployment: &'a Arc<Object>,
    /// `spec.replicas`
    desired: i64,
    /// Pods allowed above `desired`.
    surge: i64,
    /// Pods that may be missing below `desired`.
    unavailable: i64,
    /// The ReplicaSet of the current template.
    new: Option<&'a Arc<Object>>,
    /// All others, oldest revision first.
    old: Vec<&'a Arc<Object>>,
}

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
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

// === impl Rollout ===

impl<'a> Rollout<'a> {
    fn of(snapshot: &'a Snapshot, deployment: &'a Arc<Object>) -> Self {
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

    fn recreates(&self) -> bool {
        self.deployment["spec"]["strategy"]["type"] == "Recreate"
    }

    fn max_revision(&self) -> i64 {
        self.old.iter().chain(&self.new).map(|set| revision(set)).max().unwrap_or(0)
    }

    /// Makes the ReplicaSet of a template that has none.
    fn begin(&self, snapshot: &Snapshot, plan: &mut Plan) {
        let replicas = self.new_replicas(snapshot, 0);
        let template = &self.deployment["spec"]["template"];
        let hash = encoded(fnv(canonical(template).as_bytes()));
        let mut template = template.clone();
        let metadata = &mut template["metadata"];
        meta::child(metadata, "labels").insert(HASH.to_owned(), json!(hash));
        let mut selector = self.deployment["spec"]["selector"].clone();
        meta::child(&mut selector, "matchLabels").insert(HASH.to_owned(), json!(hash));
        let name = format!("{}-{hash}", meta::name(self.deployment));
        let mut annotations = self.deployment["metadata"]["annotations"].clone();
        if !annotations.is_object() {
            annotations = json!({});
        }
        if let Some(annotations) = annotations.as_object_mut() {
            // It would make a ReplicaSet look like something that was applied.
            annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        annotations[REVISION] = json!((self.max_revision() + 1).to_string());
        annotations["deployment.kubernetes.io/desired-replicas"] = json!(self.desired.to_string());
        annotations["deployment.kubernetes.io/max-replicas"] =
            json!((self.desired + self.surge).to_string());
        let object = json!({
            "metadata": {
                "name": name,
                "namespace": meta::namespace(self.deployment),
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
                "ownerReferences": [meta::controller_of(self.deployment)],
            },
            "spec": {
                "replicas": replicas,
                "minReadySeconds": self.deployment["spec"]["minReadySeconds"].as_i64().unwrap_or(0),
                "selector": selector,
                "template": template,
            },
        });
        plan.push(Action::Create { kind: &kinds::REPLICA_SET, object });
        if replicas > 0 {
            self.scaled(&name, 0, replicas, plan);
        }
    }

    /// A template that was rolled back to becomes the newest revision again.
    fn mark_revision(&self, plan: &mut Plan) {
        let Some(new) = self.new else { return };
        let newest_old = self.old.iter().map(|set| revision(set)).max().unwrap_or(0);
        if revision(new) <= newest_old {
            let mut object = (**new).clone();
            let metadata = meta::metadata(&mut object);
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            annotations[REVISION] = json!((newest_old + 1).to_string());
            plan.push(Action::Update { object });
            return;
        }
        let text = json!(revision(new).to_string());
        if self.deployment["metadata"]["annotations"][REVISION] != text {
            let mut object = (**self.deployment).clone();
            let metadata = &mut object["metadata"];
            meta::child(metadata, "annotations").insert(REVISION.to_owned(), text);
            plan.push(Action::Update { object });
        }
    }

    /// How many replicas the newest ReplicaSet may have now that it has `has`.
    fn new_replicas(&self, snapshot: &Snapshot, has: i64) -> i64 {
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

    fn scale(&self, snapshot: &Snapshot, plan: &mut Plan) {
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

    fn scaled(&self, set: &str, from: i64, to: i64, plan: &mut Plan) {
        let way = if to > from { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {set} from {from} to {to}");
        plan.event(self.deployment, "Normal", "ScalingReplicaSet", message, COMPONENT);
    }

    /// Deletes `ReplicaSets` that only serve to go back further than `revisionHistoryLimit`.
    fn forget_history(&self, plan: &mut Plan) {
        let limit = meta::number(self.deployment, "/spec/revisionHistoryLimit").unwrap_or(10);
        let limit = usize::try_from(limit).unwrap_or(0);
        let is_empty = |set: &&&Arc<Object>| {
            replicas(set) == 0
                && meta::number(set, "/status/replicas").unwrap_or(0) == 0
                && !meta::is_terminating(set)
        };
        let empty: Vec<_> = self.old.iter().filter(is_empty).collect();
        for set in empty.iter().take(empty.len().saturating_sub(limit)) {
            let (object, propagation) = (Arc::clone(set), Propagation::Background);
            plan.push(Action::Delete { object, propagation });
        }
    }
}

fn replicas(set: &Value) -> i64 {
    meta::number(set, "/spec/replicas").unwrap_or(1)
}

fn available(set: &Value) -> i64 {
    meta::number(set, "/status/availableReplicas").unwrap_or(0)
}

fn revision(set: &Value) -> i64 {
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

/// The same text for the same template, whatever the order of its fields.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
