//! Jobs: pods that run to their end, a deadline, and a Job that goes by itself some time after it
//! has finished. A Job without pods (`parallelism: 0`) with a deadline is the dead-man's switch of
//! a run, so start, deadline, suspension and deletion follow each other exactly as in Kubernetes.
//! Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kinds;
use super::super::store::{Object, Propagation, meta};
use super::plan::{self, Action, Plan, Snapshot};

const COMPONENT: &str = "job-controller";

/// How many pods one Job makes at one look.
const BURST: i64 = 100;

/// How long a Job waits before it replaces a failed pod, doubled for each failure, and the longest
/// wait (Kubernetes' `DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`).
const BACKOFF_SECONDS: i64 = 10;
const BACKOFF_SECONDS_MAX: i64 = 600;

/// A Job with what is known about its pods.
struct Run<'a> {
    job: &'a Arc<Object>,
    /// Pods that neither have ended nor are to end.
    active: Vec<&'a Arc<Object>>,
    /// Pods that are to end but have not.
    terminating: usize,
    succeeded: i64,
    failed: i64,
    /// When a pod failed last.
    last_failure: Option<Timestamp>,
}

/// How a Job ends.
enum End {
    Complete,
    Failed { reason: &'static str, message: &'static str },
}

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
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
    let end = ["Complete", "Failed"].iter().find(|end| plan::is(job, end))?;
    plan::time(plan::condition(job, end)?, "/lastTransitionTime")
}

/// Deletes a finished Job, its dependents first, `ttlSecondsAfterFinished` after its end.
fn expire(snapshot: &Snapshot, job: &Arc<Object>, finished: Timestamp, plan: &mut Plan) {
    let Some(ttl) = meta::number(job, "/spec/ttlSecondsAfterFinished") else { return };
    let at = plan::after(finished, ttl);
    if at <= snapshot.now {
        let (object, propagation) = (Arc::clone(job), Propagation::Foreground);
        plan.push(Action::Delete { object, propagation });
    } else {
        plan.wake_at(at);
    }
}

// === impl Run ===

impl<'a> Run<'a> {
    fn of(snapshot: &'a Snapshot, job: &'a Arc<Object>) -> Self {
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
            active: pods.iter().copied().filter(|pod| plan::is_active(pod)).collect(),
            terminating: pods
                .iter()
                .filter(|pod| meta::is_terminating(pod) && !plan::has_ended(pod))
                .count(),
            succeeded: ended("Succeeded").max(counted("succeeded")),
            failed: ended("Failed").max(counted("failed")),
            last_failure: failures.filter_map(|pod| failed_at(pod)).max(),
        }
    }

    fn advance(&self, snapshot: &Snapshot, plan: &mut Plan) {
        if self.job["spec"]["suspend"] == json!(true) {
            self.suspend(snapshot, plan);
            return;
        }
        let started = plan::time(self.job, "/status/startTime");
        let Some(started) = started else {
            // The deadline counts from here; the next look makes the pods.
            let mut status = self.status();
            status["startTime"] = json!(snapshot.time());
            if plan::is(self.job, "Suspended") {
                let resumed = ("Suspended", "False", "JobResumed", "Job resumed");
                set_condition(snapshot, &mut status, resumed);
                let message = "Job resumed".to_owned();
                plan.event(self.job, "Normal", "Resumed", message, COMPONENT);
            }
            plan.status(self.job, status);
            return;
        };
        let deadline = meta::number(self.job, "/spec/activeDeadlineSeconds")
            .map(|seconds| plan::after(started, seconds));
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
        if !plan::is(self.job, "Suspended") {
            let suspended = ("Suspended", "True", "JobSuspended", "Job suspended");
            set_condition(snapshot, &mut status, suspended);
            let message = "Job suspended".to_owned();
            plan.event(self.job, "Normal", "Suspended", message, COMPONENT);
        }
        plan.status(self.job, status);
    }

    fn end(&self, snapshot: &Snapshot, deadline: Option<Timestamp>) -> Option<End> {
        let target = plan::condition(self.job, "FailureTarget");
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

    fn finish(&self, snapshot: &Snapshot, end: &End, plan: &mut Plan) {
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
                if plan::condition(self.job, "FailureTarget").is_none() {
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

    fn stop_pods(&self, plan: &mut Plan) {
        for pod in &self.active {
            let (owner, pod) = (Arc::clone(self.job), Arc::clone(pod));
            plan.push(Action::DeletePod { owner, pod, component: COMPONENT });
        }
    }

    /// As many pods as `parallelism` allows and `completions` still need.
    fn run_pods(&self, snapshot: &Snapshot, plan: &mut Plan) {
        let parallelism = meta::number(self.job, "/spec/parallelism").unwrap_or(1);
        let active = i64::try_from(self.active.len()).unwrap_or(i64::MAX);
        let wanted = match meta::number(self.job, "/spec/completions") {
            Some(completions) => parallelism.min(completions - self.succeeded),
            None if self.succeeded > 0 => active,
            None => parallelism,
        };
        let surplus = usize::try_from(active - wanted).unwrap_or(0);
        for pod in self.active.iter().take(surplus) {
            let (owner, pod) = (Arc::clone(self.job), Arc::clone(pod));
            plan.push(Action::DeletePod { owner, pod, component: COMPONENT });
        }
        if wanted <= active {
            return;
        }
        if let Some(failure) = self.last_failure {
            let doublings = u32::try_from((self.failed - 1).clamp(0, 10)).unwrap_or(0);
            let wait = (BACKOFF_SECONDS << doublings).min(BACKOFF_SECONDS_MAX);
            let from = plan::after(failure, wait);
            if from > snapshot.now {
                plan.wake_at(from);
                return;
            }
        }
        for _ in 0..(wanted - active).min(BURST) {
            let (owner, pod) = (Arc::clone(self.job), plan::pod_of(self.job));
            plan.push(Action::CreatePod { owner, pod, component: COMPONENT });
        }
    }

    /// The status it has, with the pods counted anew.
    fn status(&self) -> Value {
        let mut status = self.job["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        status["active"] = json!(self.active.len());
        status["ready"] = json!(self.active.iter().filter(|pod| plan::is(pod, "Ready")).count());
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
        .filter_map(|status| plan::time(status, "/state/terminated/finishedAt"));
    ends.max().or_else(|| plan::time(pod, "/metadata/creationTimestamp"))
}

/// Sets a condition: type, status, reason, message.
fn set_condition(
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
