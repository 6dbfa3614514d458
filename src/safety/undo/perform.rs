//! Undoing one step: as good twice as once.

use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::{Cluster, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::compare::{differences, same};
use crate::safety::labels::RUN_LABEL;
use crate::safety::patch::text;
use crate::safety::undo::budget::{Budget, retried};
use crate::safety::undo::revert::revert_once;
use crate::safety::undo::steps::{UndoAction, UndoOutcome};

/// Undoes one change, again and again within the budget.
pub(crate) async fn perform(
    cluster: &Cluster,
    run: &str,
    what: &UndoAction,
    budget: Budget,
) -> Result<UndoOutcome> {
    retried(budget, async || match what {
        UndoAction::Delete(object) => delete_once(cluster, object, run).await,
        UndoAction::Revert { object, before, wrote } => {
            revert_once(cluster, object, before, wrote).await
        }
        UndoAction::Put { endpoint, pods, before, wrote } => {
            untell_once(cluster, endpoint, pods, before, wrote).await
        }
    })
    .await
}

/// Tells the pods that were told something what they knew before. Pods that are gone took it with
/// them, and new ones never heard of it.
async fn untell_once(
    cluster: &Cluster,
    endpoint: &Endpoint,
    pods: &[String],
    before: &Value,
    wrote: &[Value],
) -> Result<UndoOutcome> {
    for pod in cluster.pods(&endpoint.namespace, &endpoint.selector).await? {
        if !pods.contains(&pod.name) {
            continue;
        }
        let current = endpoint.read(cluster, &pod).await?;
        if same(&current, before) {
            continue;
        }
        if !wrote.iter().any(|wrote| same(wrote, &current)) {
            let lines = differences(before, &current).join("; ");
            let (pod, namespace) = (&pod.name, &endpoint.namespace);
            return Ok(UndoOutcome::Stuck {
                why: format!(
                    "somebody else told pod {pod} something meanwhile, or it began anew, and that \
                     is kept: {lines}"
                ),
                command: format!(
                    "kubectl delete pod {pod} -n {namespace} makes it forget everything"
                ),
            });
        }
        endpoint.write(cluster, &pod, before).await?;
    }
    Ok(UndoOutcome::Done)
}

async fn delete_once(cluster: &Cluster, object: &ObjectRef, run: &str) -> Result<UndoOutcome> {
    let Some(found) = cluster.get(object).await? else { return Ok(UndoOutcome::Done) };
    let label = found.pointer("/metadata/labels").and_then(|labels| labels.get(RUN_LABEL));
    if label.and_then(Value::as_str) != Some(run) {
        // Somebody replaced it by an object of their own; that is theirs to keep.
        return Ok(UndoOutcome::Done);
    }
    let uid = text(&found, "/metadata/uid");
    cluster.delete(object, uid).await?;
    let Some(still) = cluster.get(object).await? else { return Ok(UndoOutcome::Done) };
    let finalizers = still.pointer("/metadata/finalizers").and_then(Value::as_array);
    match finalizers.and_then(|held| held.first()).and_then(Value::as_str) {
        // The garbage collector's own finalizers go by themselves.
        Some("orphan" | "foregroundDeletion") => {
            Err(Error::left_behind(format!("deleting {object}"), "its dependents are not gone yet"))
        }
        // A foreign finalizer lets DELETE answer 200 and keeps the object.
        Some(finalizer) if text(&still, "/metadata/uid") == uid => Ok(UndoOutcome::Stuck {
            why: format!("it is deleted, but held by the finalizer {finalizer}"),
            command: object.delete_command(),
        }),
        // Pods and what owns them end in their own time.
        _ => Ok(UndoOutcome::Done),
    }
}
