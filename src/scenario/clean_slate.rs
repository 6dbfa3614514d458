//! The proof that nothing of ours is left: what there was before, and what there is after, by the
//! digests of everything that a run could have touched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare::{differences, digest, same};
use super::guard::Ground;
use super::journal::{Budget, retried};
use crate::cluster::Cluster;
use crate::cluster::ObjectRef;
use crate::error::Result;
use crate::faults::RUN_LABEL;

/// What is compared.
const KINDS: &[(&str, &str)] = &[
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
];

/// What else a run makes.
pub(super) const OURS: &[(&str, &str)] = &[("batch/v1", "Job")];

/// What a run with a healer makes besides.
pub(super) const WITH_HEALER: &[(&str, &str)] = &[
    ("batch/v1", "Job"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
];

/// An annotation that the Deployment controller counts up by itself.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Everything that a run could touch, as it was at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Slate {
    objects: BTreeMap<ObjectRef, String>,
    /// What the portals' pods are set to, by portal and pod: they keep it in their memory.
    settings: BTreeMap<(String, String), Value>,
}

// === impl Slate ===

impl Slate {
    /// Looks at these namespaces; objects of this run are not looked at, they are no part of what
    /// was there before.
    pub(super) async fn of(target: &Cluster, ground: &Ground, run: &str) -> Result<Self> {
        let mut slate = Self::default();
        for namespace in &ground.namespaces {
            for (api_version, kind) in KINDS {
                let (objects, _) = target.list(api_version, kind, namespace, "").await?;
                for object in &objects {
                    if !added_by(object, run) {
                        slate.objects.insert(ObjectRef::of(object)?, digest(&essence(object)));
                    }
                }
            }
        }
        for (portal, endpoint) in &ground.settings {
            let pods = target.pods(&endpoint.namespace, &endpoint.selector).await?;
            for pod in pods.into_iter().filter(|pod| pod.ready) {
                let settings = endpoint.read(target, &pod).await?;
                slate.settings.insert((portal.clone(), pod.name), settings);
            }
        }
        Ok(slate)
    }

    /// What is not as it was, a line each. A namespace that is gone took its objects with it, and
    /// nothing of ours is in it.
    pub(super) fn differences(&self, now: &Self, gone: &[String]) -> Vec<String> {
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
        let set = self.settings.iter().filter_map(|((portal, pod), then)| {
            let now = now.settings.get(&(portal.clone(), pod.clone()))?;
            let lines = differences(then, now).join("; ");
            let told = format!("the settings of portal {portal} (pod {pod}): {lines}");
            (!same(then, now)).then_some(told)
        });
        names.into_iter().filter_map(told).chain(set).collect()
    }
}

/// Everything that is not as `before` says, and everything that still carries the run's label
/// (with what else the run made, when it ends: load agents and switches too); empty when the slate
/// is clean.
pub(super) async fn stains(
    target: &Cluster,
    ground: &Ground,
    run: &str,
    before: &Slate,
    ours: Option<&[(&str, &str)]>,
) -> Vec<String> {
    let looked = retried(Budget::begin(), async || {
        let now = Slate::of(target, ground, run).await?;
        let gone = gone(target, &ground.namespaces).await?;
        let mut stains = before.differences(&now, &gone);
        stains.extend(labelled(target, &ground.namespaces, run, &gone, ours).await?);
        Ok(stains)
    });
    match looked.await {
        Ok(stains) => stains,
        Err(error) => vec![format!("whether everything is as before is not known: {error}")],
    }
}

/// Everything in these namespaces that still carries a run's label, for whoever does not know what
/// was there before.
pub(super) async fn marked(target: &Cluster, namespaces: &[String], run: &str) -> Vec<String> {
    let looked = retried(Budget::begin(), async || {
        let gone = gone(target, namespaces).await?;
        labelled(target, namespaces, run, &gone, Some(OURS)).await
    });
    match looked.await {
        Ok(marked) => marked,
        Err(error) => vec![format!("whether anything of run {run} is left is not known: {error}")],
    }
}

/// Objects that still carry the run's label.
async fn labelled(
    target: &Cluster,
    namespaces: &[String],
    run: &str,
    gone: &[String],
    ours: Option<&[(&str, &str)]>,
) -> Result<Vec<String>> {
    let selector = format!("{RUN_LABEL}={run}");
    let agents = ["Deployment"];
    let mut found = Vec::new();
    for namespace in namespaces.iter().filter(|namespace| !gone.contains(namespace)) {
        for (api_version, kind) in KINDS.iter().chain(ours.unwrap_or_default()) {
            if ours.is_none() && agents.contains(kind) {
                continue;
            }
            let (objects, _) = target.list(api_version, kind, namespace, &selector).await?;
            // What ends in its own time is on its way.
            let stays = |object: &&Value| object.pointer("/metadata/deletionTimestamp").is_none();
            for object in objects.iter().filter(stays) {
                found.push(format!("{} still carries the run's label", ObjectRef::of(object)?));
            }
        }
    }
    Ok(found)
}

/// Which of these namespaces are gone or going.
async fn gone(target: &Cluster, namespaces: &[String]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for name in namespaces {
        let namespace = ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            namespace: String::new(),
            name: name.clone(),
        };
        // Whoever may not read namespaces (a Role need not let them) cannot know: none is gone.
        let Ok(there) = target.get(&namespace).await else { continue };
        let stays = |there: &Value| there.pointer("/metadata/deletionTimestamp").is_none();
        if !there.as_ref().is_some_and(stays) {
            gone.push(name.clone());
        }
    }
    Ok(gone)
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
        && label(crate::faults::MANAGED_BY.0) == Some(crate::faults::MANAGED_BY.1)
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

    fn slate(objects: &[(&str, &str)]) -> Slate {
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
        Slate { objects, ..Slate::default() }
    }

    #[test]
    fn every_sort_of_difference_is_named() {
        let before = slate(&[("a/same", "1"), ("a/changed", "1"), ("a/gone", "1"), ("b/x", "1")]);
        let now = slate(&[("a/same", "1"), ("a/changed", "2"), ("a/new", "1")]);
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
