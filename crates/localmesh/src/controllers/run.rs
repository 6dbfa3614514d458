//! Looks, has done what follows, and sleeps until there is something to look at.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::perform::perform;
use super::plan::{Action, Plan};
use super::snapshot::Snapshot;
use super::{deployments, endpoints, events, garbage, jobs, namespaces, replica_sets};
use crate::kinds;
use crate::registry::Registry;
use crate::store::meta;

/// How long the controllers let a burst of writes settle before they look: one look at a whole
/// manifest instead of one per object. It bounds them to 500 looks a second whatever happens.
const SETTLE: Duration = Duration::from_millis(2);

/// When an action that was refused is tried again: a terminating namespace or a full cluster does
/// not become free faster, and nothing may spin.
const RETRY: Duration = Duration::from_secs(1);

/// The longest sleep without any change; deadlines further away are looked at again on the way.
const SLEEP_MAX: Duration = Duration::from_hours(1);

/// The cluster's controllers.
#[derive(Debug)]
pub struct Controllers;

// === impl Controllers ===

impl Controllers {
    /// Keeps the cluster's objects as their specs say, until the future is dropped.
    pub async fn run(registry: Registry) {
        let mut versions = registry.versions();
        let mut held = Held::default();
        loop {
            versions.mark_unchanged();
            let wake = settle(&registry, &mut held);
            tokio::select! {
                // The sender lives in `registry`, so this can only be a change.
                _ = versions.changed() => tokio::time::sleep(SETTLE).await,
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }
}

/// Owners whose pods were refused, and until when no other is tried: the Event that tells of the
/// refusal is a change itself, and would otherwise make the controllers try again at once.
pub(super) type Held = BTreeMap<String, Instant>;

/// One look and everything that follows from it; says when to look again at the latest.
pub(super) fn settle(registry: &Registry, held: &mut Held) -> Instant {
    let now = registry.now();
    held.retain(|_, until| *until > Instant::now());
    let snapshot = Snapshot::new(now, registry.snapshots(kinds::ALL));
    let plan = reconcile(&snapshot);
    let mut sleep = plan.wake().map_or(SLEEP_MAX, |wake| until(now, wake));
    for action in plan.actions {
        let owner = match &action {
            Action::CreatePod { owner, .. } => Some(meta::uid(owner)),
            _ => None,
        };
        if owner.is_some_and(|owner| held.contains_key(owner)) {
            sleep = sleep.min(RETRY);
            continue;
        }
        if let Err(refusal) = perform(registry, &action) {
            tracing::debug!(%refusal, ?action, "a controller's action was refused");
            sleep = sleep.min(RETRY);
            if let Some(owner) = owner {
                held.insert(owner.to_owned(), Instant::now() + RETRY);
            }
        }
    }
    Instant::now() + sleep
}

fn until(now: Timestamp, wake: Timestamp) -> Duration {
    // The millisecond is the timer's own granularity: waking before the deadline would spin.
    let left = Duration::try_from(wake.duration_since(now)).unwrap_or(Duration::ZERO);
    (left + Duration::from_millis(1)).min(SLEEP_MAX)
}

/// All controllers, each over the same snapshot. They write different fields, so they cannot
/// contradict each other within one plan.
fn reconcile(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    namespaces::reconcile(snapshot, &mut plan);
    garbage::reconcile(snapshot, &mut plan);
    deployments::reconcile(snapshot, &mut plan);
    replica_sets::reconcile(snapshot, &mut plan);
    jobs::reconcile(snapshot, &mut plan);
    endpoints::reconcile(snapshot, &mut plan);
    events::reconcile(snapshot, &mut plan);
    plan
}
