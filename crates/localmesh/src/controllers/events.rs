//! Events are kept for a while and up to a number. Pure.

use std::sync::Arc;

use super::plan::{Action, Plan};
use super::read;
use super::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Propagation, meta};

/// How many Events are kept: some sixty for each of the demo's pods, and a scenario's on top.
const EVENTS_MAX: usize = 1000;

/// How long an Event is kept after it happened last, as in Kubernetes (`--event-ttl`).
const TTL_SECONDS: i64 = 3600;

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    let mut events: Vec<_> = snapshot
        .of(&kinds::EVENT)
        .iter()
        .map(|event| {
            let last = read::time(event, "/lastTimestamp")
                .or_else(|| read::time(event, "/metadata/creationTimestamp"));
            (read::after(last.unwrap_or(snapshot.now), TTL_SECONDS), event)
        })
        .collect();
    events.sort_by(|a, b| (a.0, meta::name(a.1)).cmp(&(b.0, meta::name(b.1))));
    let too_many = events.len().saturating_sub(EVENTS_MAX);
    for (i, (end, event)) in events.into_iter().enumerate() {
        if i >= too_many && end > snapshot.now {
            plan.wake_at(end);
            return;
        }
        let (object, propagation) = (Arc::clone(event), Propagation::Background);
        plan.push(Action::Delete { object, propagation });
    }
}
