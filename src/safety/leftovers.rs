//! The proof that nothing of ours is left: what there is now is what there was before, and nothing
//! carries the run's label any more.

use serde_json::Value;

use crate::cluster::{Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::baseline::{Baseline, KINDS};
use crate::safety::blast_radius::BlastRadius;
use crate::safety::labels::RUN_LABEL;
use crate::safety::undo::{Budget, retried};

/// What a run makes besides the kinds that are compared.
pub(crate) const OURS: &[(&str, &str)] = &[("batch/v1", "Job")];

/// The same of a run with a watchdog.
pub(crate) const WITH_WATCHDOG: &[(&str, &str)] = &[
    ("batch/v1", "Job"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
];

/// Everything that is not as `before` says, and everything that still carries the run's label
/// (with what else the run made, when it ends: load agents and switches too); empty when nothing
/// is left.
pub(crate) async fn leftovers(
    cluster: &Cluster,
    radius: &BlastRadius,
    run: &str,
    before: &Baseline,
    ours: Option<&[(&str, &str)]>,
) -> Vec<String> {
    let looked = retried(Budget::begin(), async || {
        let now = Baseline::of(cluster, radius, run).await?;
        let gone = gone(cluster, &radius.namespaces).await?;
        let mut leftovers = before.differences(&now, &gone);
        leftovers.extend(labelled(cluster, &radius.namespaces, run, &gone, ours).await?);
        Ok(leftovers)
    });
    match looked.await {
        Ok(leftovers) => leftovers,
        Err(error) => vec![format!("whether everything is as before is not known: {error}")],
    }
}

/// Everything in these namespaces that still carries a run's label, for whoever does not know what
/// was there before.
pub(crate) async fn marked(cluster: &Cluster, namespaces: &[String], run: &str) -> Vec<String> {
    let looked = retried(Budget::begin(), async || {
        let gone = gone(cluster, namespaces).await?;
        labelled(cluster, namespaces, run, &gone, Some(OURS)).await
    });
    match looked.await {
        Ok(marked) => marked,
        Err(error) => vec![format!("whether anything of run {run} is left is not known: {error}")],
    }
}

/// Objects that still carry the run's label.
async fn labelled(
    cluster: &Cluster,
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
            let (objects, _) = cluster.list(api_version, kind, namespace, &selector).await?;
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
pub(crate) async fn gone(cluster: &Cluster, namespaces: &[String]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for name in namespaces {
        let namespace = ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            namespace: String::new(),
            name: name.clone(),
        };
        // Whoever may not read namespaces (a Role need not let them) cannot know: none is gone.
        let Ok(there) = cluster.get(&namespace).await else { continue };
        let stays = |there: &Value| there.pointer("/metadata/deletionTimestamp").is_none();
        if !there.as_ref().is_some_and(stays) {
            gone.push(name.clone());
        }
    }
    Ok(gone)
}
