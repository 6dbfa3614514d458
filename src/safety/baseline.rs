//! What was there before a run, by the digests of everything that it could touch.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::{Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::blast_radius::BlastRadius;
use crate::safety::compare::{differences, same};
use crate::safety::digest::digest;
use crate::safety::labels::RUN_LABEL;

/// What is compared.
pub(crate) const KINDS: &[(&str, &str)] = &[
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
];

/// An annotation that the Deployment controller counts up by itself.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Everything that a run could touch, as it was at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Baseline {
    objects: BTreeMap<ObjectRef, String>,
    /// What the clients' pods are set to, by client and pod: they keep it in their memory.
    settings: BTreeMap<(String, String), Value>,
}

// === impl Baseline ===

impl Baseline {
    /// Looks at these namespaces; objects of this run are not looked at, they are no part of what
    /// was there before.
    pub(crate) async fn of(cluster: &Cluster, radius: &BlastRadius, run: &str) -> Result<Self> {
        let mut baseline = Self::default();
        for namespace in &radius.namespaces {
            for (api_version, kind) in KINDS {
                let (objects, _) = cluster.list(api_version, kind, namespace, "").await?;
                for object in &objects {
                    if !added_by(object, run) {
                        baseline.objects.insert(ObjectRef::of(object)?, digest(&essence(object)));
                    }
                }
            }
        }
        for (client, endpoint) in &radius.settings {
            let pods = cluster.pods(&endpoint.namespace, &endpoint.selector).await?;
            for pod in pods.into_iter().filter(|pod| pod.ready) {
                let settings = endpoint.read(cluster, &pod).await?;
                baseline.settings.insert((client.clone(), pod.name), settings);
            }
        }
        Ok(baseline)
    }

    /// What is not as it was, a line each. A namespace that is gone took its objects with it, and
    /// nothing of ours is in it.
    pub(crate) fn differences(&self, now: &Self, gone: &[String]) -> Vec<String> {
        let is_gone = |object: &&ObjectRef| gone.contains(&object.namespace);
        let all = self.objects.keys().chain(now.objects.keys());
        let mut names: Vec<_> = all.filter(|object| !is_gone(object)).collect();
        names.sort();
        names.dedup();
        let told = |object: &ObjectRef| {
            let (then, now) = (self.objects.get(object), now.objects.get(object));
            match (then, now) {
                (Some(_), None) => Some(format!("{object} was there before and is gone")),
                (None, Some(_)) => Some(format!("{object} was not there before")),
                (then, now) if then != now => Some(format!("{object} is not as it was before")),
                _ => None,
            }
        };
        // A pod that is gone took its settings with it, and a new one has its own.
        let set = self.settings.iter().filter_map(|((client, pod), then)| {
            let now = now.settings.get(&(client.clone(), pod.clone()))?;
            let lines = differences(then, now).join("; ");
            let told = format!("the settings of client {client} (pod {pod}): {lines}");
            (!same(then, now)).then_some(told)
        });
        names.into_iter().filter_map(told).chain(set).collect()
    }
}

/// Whether this run made the object; one that it changed carries the label too, and is compared.
fn added_by(object: &Value, run: &str) -> bool {
    let label = |key: &str| {
        object
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
    };
    label(RUN_LABEL) == Some(run)
        && label(crate::safety::labels::MANAGED_BY.0) == Some(crate::safety::labels::MANAGED_BY.1)
}

/// What counts: what people write, not what the API server and the controllers note beside it.
fn essence(object: &Value) -> Value {
    let mut annotations = object.pointer("/metadata/annotations").cloned().unwrap_or_default();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.shift_remove(REVISION);
    }
    json!({
        "uid": object.pointer("/metadata/uid"),
        "labels": object.pointer("/metadata/labels"),
        "annotations": annotations,
        "spec": object["spec"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(objects: &[(&str, &str)]) -> Baseline {
        let entry = |(name, digest): &(&str, &str)| {
            let (namespace, name) = name.split_once('/').unwrap();
            let object = ObjectRef {
                api_version: "v1".into(),
                kind: "Service".into(),
                namespace: namespace.into(),
                name: name.into(),
            };
            (object, (*digest).to_owned())
        };
        let objects = objects.iter().map(entry).collect();
        Baseline { objects, ..Baseline::default() }
    }

    #[test]
    fn every_sort_of_difference_is_named() {
        let before =
            baseline(&[("a/same", "1"), ("a/changed", "1"), ("a/gone", "1"), ("b/x", "1")]);
        let now = baseline(&[("a/same", "1"), ("a/changed", "2"), ("a/new", "1")]);
        assert_eq!(
            before.differences(&now, &["b".to_owned()]),
            [
                "Service a/changed is not as it was before",
                "Service a/gone was there before and is gone",
                "Service a/new was not there before",
            ]
        );
        assert!(before.differences(&before, &[]).is_empty());
    }

    #[test]
    fn what_controllers_note_does_not_count() {
        let mut object = json!({"metadata": {"uid": "u", "resourceVersion": "1",
            "annotations": {REVISION: "1"}}, "spec": {"replicas": 1}, "status": {"replicas": 0}});
        let before = digest(&essence(&object));
        object["metadata"]["resourceVersion"] = json!("2");
        object["metadata"]["annotations"][REVISION] = json!("2");
        object["status"]["replicas"] = json!(1);
        assert_eq!(digest(&essence(&object)), before);
        object["spec"]["replicas"] = json!(2);
        assert_ne!(digest(&essence(&object)), before);
    }
}
