//! The pods of a Job: as many as are needed, after a failure not at once. Pure.

use std::sync::Arc;

use super::job::{COMPONENT, Run};
use crate::controllers::plan::{Action, Plan};
use crate::controllers::read;
use crate::controllers::snapshot::Snapshot;
use crate::store::meta;

/// How many pods one Job makes at one look.
const BURST: i64 = 100;

/// How long a Job waits before it replaces a failed pod, doubled for each failure, and the longest
/// wait (Kubernetes' `DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`).
const BACKOFF_SECONDS: i64 = 10;
const BACKOFF_SECONDS_MAX: i64 = 600;

// === impl Run ===

impl Run<'_> {
    pub(super) fn stop_pods(&self, plan: &mut Plan) {
        for pod in &self.active {
            let (owner, pod) = (Arc::clone(self.job), Arc::clone(pod));
            plan.push(Action::DeletePod { owner, pod, component: COMPONENT });
        }
    }

    /// As many pods as `parallelism` allows and `completions` still need.
    pub(super) fn run_pods(&self, snapshot: &Snapshot, plan: &mut Plan) {
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
            let from = read::after(failure, wait);
            if from > snapshot.now {
                plan.wake_at(from);
                return;
            }
        }
        for _ in 0..(wanted - active).min(BURST) {
            let (owner, pod) = (Arc::clone(self.job), read::pod_of(self.job));
            plan.push(Action::CreatePod { owner, pod, component: COMPONENT });
        }
    }
}
