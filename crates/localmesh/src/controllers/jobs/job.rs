//! A Job with what is known about its pods, and the status that follows. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Object, meta};

pub(super) const COMPONENT: &str = "job-controller";

/// A Job with what is known about its pods.
pub(super) struct Run<'a> {
    pub(super) job: &'a Arc<Object>,
    /// Pods that neither have ended nor are to end.
    pub(super) active: Vec<&'a Arc<Object>>,
    /// Pods that are to end but have not.
    pub(super) terminating: usize,
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    /// When a pod failed last.
    pub(super) last_failure: Option<Timestamp>,
}

// === impl Run ===

impl<'a> Run<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, job: &'a Arc<Object>) -> Self {
        let pods: Vec<_> = snapshot.controlled_by(&kinds::POD, job).collect();
        let ended = |phase: &str| {
            let count = pods.iter().filter(|pod| meta::text(pod, "/status/phase") == phase).count();
            i64::try_from(count).unwrap_or(i64::MAX)
        };
        // A finished pod that somebody has deleted was counted while it was there.
        let counted = |field: &str| meta::number(job, &format!("/status/{field}")).unwrap_or(0);
        let failures = pods.iter().filter(|pod| meta::text(pod, "/status/phase") == "Failed");
        Self {
            job,
            active: pods.iter().copied().filter(|pod| read::is_active(pod)).collect(),
            terminating: pods
                .iter()
                .filter(|pod| meta::is_terminating(pod) && !read::has_ended(pod))
                .count(),
            succeeded: ended("Succeeded").max(counted("succeeded")),
            failed: ended("Failed").max(counted("failed")),
            last_failure: failures.filter_map(|pod| failed_at(pod)).max(),
        }
    }

    /// The status it has, with the pods counted anew.
    pub(super) fn status(&self) -> Value {
        let mut status = self.job["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        status["active"] = json!(self.active.len());
        status["ready"] = json!(self.active.iter().filter(|pod| read::is(pod, "Ready")).count());
        status["terminating"] = json!(self.terminating);
        status["succeeded"] = json!(self.succeeded);
        status["failed"] = json!(self.failed);
        status
    }
}

/// When a failed pod's last container ended; its creation if nobody said.
fn failed_at(pod: &Value) -> Option<Timestamp> {
    let ends = meta::list(pod, "/status/containerStatuses")
        .iter()
        .filter_map(|status| read::time(status, "/state/terminated/finishedAt"));
    ends.max().or_else(|| read::time(pod, "/metadata/creationTimestamp"))
}

/// Sets a condition: type, status, reason, message.
pub(super) fn set_condition(
    snapshot: &Snapshot,
    status: &mut Value,
    (kind, holds, reason, message): (&str, &str, &str, &str),
) {
    let now = snapshot.time();
    let condition = json!({
        "type": kind,
        "status": holds,
        "reason": reason,
        "message": message,
        "lastProbeTime": now,
        "lastTransitionTime": now,
    });
    let conditions = &mut status["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    if let Some(conditions) = conditions.as_array_mut() {
        conditions.retain(|condition| condition["type"] != kind);
        conditions.push(condition);
    }
}
