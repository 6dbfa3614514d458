//! How a Job ends. Pure.

use jiff::Timestamp;
use serde_json::json;

use super::job::{COMPONENT, Run, set_condition};
use crate::controllers::plan::Plan;
use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::store::meta;

/// How a Job ends.
pub(super) enum End {
    Complete,
    Failed { reason: &'static str, message: &'static str },
}

// === impl Run ===

impl Run<'_> {
    pub(super) fn end(&self, snapshot: &Snapshot, deadline: Option<Timestamp>) -> Option<End> {
        let target = read::condition(self.job, "FailureTarget");
        let failing = |reason: &str| target.is_some_and(|target| target["reason"] == reason);
        let limit = meta::number(self.job, "/spec/backoffLimit").unwrap_or(6);
        if self.failed > limit || failing("BackoffLimitExceeded") {
            let message = "Job has reached the specified backoff limit";
            return Some(End::Failed { reason: "BackoffLimitExceeded", message });
        }
        if deadline.is_some_and(|deadline| deadline <= snapshot.now) || failing("DeadlineExceeded")
        {
            let message = "Job was active longer than specified deadline";
            return Some(End::Failed { reason: "DeadlineExceeded", message });
        }
        let complete = match meta::number(self.job, "/spec/completions") {
            Some(completions) => self.succeeded >= completions,
            None => self.succeeded > 0 && self.active.is_empty(),
        };
        complete.then_some(End::Complete)
    }

    pub(super) fn finish(&self, snapshot: &Snapshot, end: &End, plan: &mut Plan) {
        self.stop_pods(plan);
        let mut status = self.status();
        let stopped = self.active.is_empty() && self.terminating == 0;
        match end {
            End::Complete => {
                let message = "Reached expected number of succeeded pods";
                let complete = ("Complete", "True", "CompletionsReached", message);
                set_condition(snapshot, &mut status, complete);
                status["completionTime"] = json!(snapshot.time());
                let message = "Job completed".to_owned();
                plan.event(self.job, "Normal", "Completed", message, COMPONENT);
            }
            End::Failed { reason, message } => {
                // The pods are stopped before the Job is called failed.
                if read::condition(self.job, "FailureTarget").is_none() {
                    let target = ("FailureTarget", "True", *reason, *message);
                    set_condition(snapshot, &mut status, target);
                }
                if stopped {
                    set_condition(snapshot, &mut status, ("Failed", "True", reason, message));
                    plan.event(self.job, "Warning", reason, (*message).to_owned(), COMPONENT);
                }
            }
        }
        plan.status(self.job, status);
    }
}
