//! The `ReplicaSets` of a Deployment, one per template: made, marked with their revision, and
//! forgotten. Pure.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rollout::{HASH, REVISION, Rollout, replicas, revision};
use crate::admission::{encoded, fnv};
use crate::controllers::plan::{Action, Plan};
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Object, Propagation, meta};

// === impl Rollout ===

impl Rollout<'_> {
    fn max_revision(&self) -> i64 {
        self.old.iter().chain(&self.new).map(|set| revision(set)).max().unwrap_or(0)
    }

    /// Makes the ReplicaSet of a template that has none.
    pub(super) fn begin(&self, snapshot: &Snapshot, plan: &mut Plan) {
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
    pub(super) fn mark_revision(&self, plan: &mut Plan) {
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

    /// Deletes `ReplicaSets` that only serve to go back further than `revisionHistoryLimit`.
    pub(super) fn forget_history(&self, plan: &mut Plan) {
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
