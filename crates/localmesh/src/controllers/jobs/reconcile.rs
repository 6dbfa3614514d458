//! What each Job needs next: to begin, to go on, to rest, to end, to go. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::job::{COMPONENT, Run, set_condition};
use crate::controllers::plan::{Action, Plan};
use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Object, Propagation, meta};

pub(in crate::controllers) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    for job in snapshot.of(&kinds::JOB) {
        if meta::is_terminating(job) {
            continue;
        }
        match finished_at(job) {
            Some(at) => expire(snapshot, job, at, plan),
            None => Run::of(snapshot, job).advance(snapshot, plan),
        }
    }
}

/// When the Job became complete or failed.
fn finished_at(job: &Value) -> Option<Timestamp> {
    let end = ["Complete", "Failed"].iter().find(|end| read::is(job, end))?;
    read::time(read::condition(job, end)?, "/lastTransitionTime")
}

/// Deletes a finished Job, its dependents first, `ttlSecondsAfterFinished` after its end.
fn expire(snapshot: &Snapshot, job: &Arc<Object>, finished: Timestamp, plan: &mut Plan) {
    let Some(ttl) = meta::number(job, "/spec/ttlSecondsAfterFinished") else { return };
    let at = read::after(finished, ttl);
    if at <= snapshot.now {
        let (object, propagation) = (Arc::clone(job), Propagation::Foreground);
        plan.push(Action::Delete { object, propagation });
    } else {
        plan.wake_at(at);
    }
}

// === impl Run ===

impl Run<'_> {
    fn advance(&self, snapshot: &Snapshot, plan: &mut Plan) {
        if self.job["spec"]["suspend"] == json!(true) {
            self.suspend(snapshot, plan);
            return;
        }
        let started = read::time(self.job, "/status/startTime");
        let Some(started) = started else {
            // The deadline counts from here; the next look makes the pods.
            let mut status = self.status();
            status["startTime"] = json!(snapshot.time());
            if read::is(self.job, "Suspended") {
                let resumed = ("Suspended", "False", "JobResumed", "Job resumed");
                set_condition(snapshot, &mut status, resumed);
                let message = "Job resumed".to_owned();
                plan.event(self.job, "Normal", "Resumed", message, COMPONENT);
            }
            plan.status(self.job, status);
            return;
        };
        let deadline = meta::number(self.job, "/spec/activeDeadlineSeconds")
            .map(|seconds| read::after(started, seconds));
        if let Some(end) = self.end(snapshot, deadline) {
            self.finish(snapshot, &end, plan);
            return;
        }
        if let Some(deadline) = deadline {
            plan.wake_at(deadline);
        }
        self.run_pods(snapshot, plan);
        plan.status(self.job, self.status());
    }

    /// A suspended Job has no pods, no start and therefore no deadline.
    fn suspend(&self, snapshot: &Snapshot, plan: &mut Plan) {
        self.stop_pods(plan);
        let mut status = self.status();
        if let Some(status) = status.as_object_mut() {
            status.shift_remove("startTime");
        }
        if !read::is(self.job, "Suspended") {
            let suspended = ("Suspended", "True", "JobSuspended", "Job suspended");
            set_condition(snapshot, &mut status, suspended);
            let message = "Job suspended".to_owned();
            plan.event(self.job, "Normal", "Suspended", message, COMPONENT);
        }
        plan.status(self.job, status);
    }
}
