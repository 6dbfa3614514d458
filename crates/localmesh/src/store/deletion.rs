//! Deleting: its preconditions, and what keeps an object that is to be deleted. Pure.

use serde_json::{Value, json};

use super::identity::uid_conflict;
use super::meta;
use super::refusal::Refusal;
use super::types::{Preconditions, Propagation, Stamp};
use crate::kinds::{self, Kind};

/// The finalizer of an object whose dependents go first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an object whose dependents stay.
pub const ORPHAN: &str = "orphan";

/// How long a pod may take to stop unless it or the delete says otherwise, as in Kubernetes.
const GRACE_SECONDS: u64 = 30;

pub(super) fn check_preconditions(
    kind: &Kind,
    stored: &Value,
    conditions: &Preconditions,
) -> Result<(), Refusal> {
    if let Some(uid) = &conditions.uid
        && uid != meta::uid(stored)
    {
        return Err(uid_conflict(kind, stored, uid));
    }
    let version = meta::text(stored, "/metadata/resourceVersion");
    if let Some(wanted) = &conditions.resource_version
        && wanted != version
    {
        let cause = format!(
            "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in \
             object meta: {version}"
        );
        return Err(Refusal::conflict(kind, meta::name(stored), cause));
    }
    Ok(())
}

/// Whoever deletes an object must be able to rely on its going once its finalizers are done.
pub(super) fn check_finalizers(kind: &Kind, stored: &Value, object: &Value) -> Result<(), Refusal> {
    if !meta::is_terminating(stored) {
        return Ok(());
    }
    let before = meta::list(stored, "/metadata/finalizers");
    let new: Vec<_> = meta::list(object, "/metadata/finalizers")
        .iter()
        .filter(|finalizer| !before.contains(finalizer))
        .map(Value::to_string)
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let cause = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new \
         finalizers []string{{{}}}",
        new.join(", ")
    );
    Err(Refusal::invalid(kind, meta::name(stored), "metadata.finalizers", cause))
}

/// Notes in the object that it is to be deleted, and what has to happen before it goes.
pub(super) fn mark_for_deletion(
    kind: &Kind,
    object: &mut Value,
    how: &Preconditions,
    stamp: &Stamp,
) {
    let running = kind == &kinds::POD
        && !meta::text(object, "/spec/nodeName").is_empty()
        && !matches!(meta::text(object, "/status/phase"), "" | "Succeeded" | "Failed");
    let own_grace = meta::number(object, "/spec/terminationGracePeriodSeconds");
    let first = !meta::is_terminating(object);
    let policy = how.propagation.unwrap_or(if kind == &kinds::JOB {
        // For compatibility with times before there was a garbage collector (batch/v1).
        Propagation::Orphan
    } else {
        Propagation::Background
    });
    if kind == &kinds::NAMESPACE {
        meta::child(object, "status").insert("phase".to_owned(), json!("Terminating"));
    }
    let metadata = meta::metadata(object);
    if first {
        metadata.insert("deletionTimestamp".to_owned(), json!(stamp.time));
        let finalizer = match policy {
            Propagation::Background => None,
            Propagation::Foreground => Some(FOREGROUND),
            Propagation::Orphan => Some(ORPHAN),
        };
        if let Some(finalizer) = finalizer {
            let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(finalizers) = finalizers.as_array_mut()
                && !finalizers.contains(&json!(finalizer))
            {
                finalizers.push(json!(finalizer));
            }
        }
    }
    if kind == &kinds::POD {
        let own = own_grace.and_then(|seconds| u64::try_from(seconds).ok());
        let asked = how.grace_seconds.or(own).unwrap_or(GRACE_SECONDS);
        let asked = if running { asked } else { 0 };
        let before = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_u64);
        // A second delete may only shorten the time.
        let seconds = before.map_or(asked, |before| before.min(asked));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(seconds));
    }
}

/// Whether something keeps an object that is to be deleted.
pub(super) fn is_held(object: &Value) -> bool {
    !meta::list(object, "/metadata/finalizers").is_empty()
        // Only namespaces have these.
        || (object["kind"] == "Namespace" && !meta::list(object, "/spec/finalizers").is_empty())
        || meta::number(object, "/metadata/deletionGracePeriodSeconds").is_some_and(|s| s > 0)
}
