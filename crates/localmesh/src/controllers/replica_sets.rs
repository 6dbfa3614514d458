//! `ReplicaSets`: as many pods as asked for, no more and no fewer. Pure.

use std::sync::Arc;

use serde_json::{Value, json};

use super::plan::{Action, Plan};
use super::read;
use super::snapshot::Snapshot;
use crate::admission::selects;
use crate::kinds;
use crate::store::{Object, meta};

const COMPONENT: &str = "replicaset-controller";

/// How many pods one ReplicaSet makes or deletes at one look; the rest follows at the next.
const BURST: usize = 100;

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    for set in snapshot.of(&kinds::REPLICA_SET) {
        let pods: Vec<_> = snapshot
            .controlled_by(&kinds::POD, set)
            .filter(|pod| selects(&set["spec"]["selector"], &pod["metadata"]["labels"]))
            .filter(|pod| read::is_active(pod))
            .collect();
        if !meta::is_terminating(set) {
            plan.adopt(snapshot, &kinds::POD, set);
            scale(set, &pods, plan);
        }
        let status = status(snapshot, set, &pods, plan);
        plan.status(set, status);
    }
}

fn scale(set: &Arc<Object>, pods: &[&Arc<Object>], plan: &mut Plan) {
    let wanted = meta::number(set, "/spec/replicas").unwrap_or(1);
    let wanted = usize::try_from(wanted).unwrap_or(0);
    for _ in pods.len()..wanted.min(pods.len() + BURST) {
        let (owner, pod) = (Arc::clone(set), read::pod_of(set));
        plan.push(Action::CreatePod { owner, pod, component: COMPONENT });
    }
    if pods.len() <= wanted {
        return;
    }
    let mut expendable = pods.to_vec();
    expendable.sort_by_cached_key(|pod| rank(pod));
    for pod in expendable.iter().take((pods.len() - wanted).min(BURST)) {
        let (owner, pod) = (Arc::clone(set), Arc::clone(pod));
        plan.push(Action::DeletePod { owner, pod, component: COMPONENT });
    }
}

/// Which pods go first: without a node, not running, not ready, the youngest; the name decides
/// among those of the same second.
fn rank(pod: &Value) -> (bool, bool, bool, std::cmp::Reverse<String>, String) {
    (
        !meta::text(pod, "/spec/nodeName").is_empty(),
        meta::text(pod, "/status/phase") == "Running",
        read::is(pod, "Ready"),
        std::cmp::Reverse(meta::text(pod, "/metadata/creationTimestamp").to_owned()),
        meta::name(pod).to_owned(),
    )
}

fn status(snapshot: &Snapshot, set: &Value, pods: &[&Arc<Object>], plan: &mut Plan) -> Value {
    let min_ready = meta::number(set, "/spec/minReadySeconds").unwrap_or(0);
    let labels = set["spec"]["template"]["metadata"]["labels"].clone();
    let (mut labelled, mut ready, mut available) = (0, 0, 0);
    for pod in pods {
        labelled += u32::from(selects(&json!({"matchLabels": labels}), &pod["metadata"]["labels"]));
        if !read::is(pod, "Ready") {
            continue;
        }
        ready += 1;
        let since = read::condition(pod, "Ready")
            .and_then(|condition| read::time(condition, "/lastTransitionTime"))
            .unwrap_or(snapshot.now);
        let from = read::after(since, min_ready);
        if min_ready == 0 || from <= snapshot.now {
            available += 1;
        } else {
            plan.wake_at(from);
        }
    }
    json!({
        "replicas": pods.len(),
        "fullyLabeledReplicas": labelled,
        "readyReplicas": ready,
        "availableReplicas": available,
        "observedGeneration": set["metadata"]["generation"],
    })
}
