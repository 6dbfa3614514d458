//! Pods: their number, and what may not change. Pure.

use serde_json::{Value, json};

use super::pod_spec;
use super::request::Request;
use crate::kinds;
use crate::store::{Refusal, meta};

/// How many pods a cluster takes: nine times what one Kubernetes node runs by default. It keeps a
/// mistyped `replicas` from filling the memory.
const PODS_MAX: usize = 1000;

const IMMUTABLE: &str = "Forbidden: pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn admit(request: &Request<'_>, pod: &mut Value) -> Result<(), Refusal> {
    pod_spec::default(&mut pod["spec"]);
    pod_spec::check(request, pod, "spec")?;
    if let Some(stored) = request.stored {
        if frozen(&stored["spec"], stored) != frozen(&pod["spec"], stored) {
            return Err(request.invalid(pod, "spec", IMMUTABLE));
        }
        return Ok(());
    }
    if request.store.list(&kinds::POD, None).count() >= PODS_MAX {
        let cause = format!("exceeded quota: the local mesh has {PODS_MAX} pods already");
        return Err(Refusal::forbidden(&kinds::POD, meta::name(pod), cause));
    }
    pod["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    Ok(())
}

/// The parts of a pod's spec that may not change.
fn frozen(spec: &Value, stored: &Value) -> Value {
    let mut spec = spec.clone();
    for list in ["containers", "initContainers"] {
        if let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) {
            for container in containers {
                container["image"] = Value::Null;
            }
        }
    }
    if let Some(fields) = spec.as_object_mut() {
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            fields.shift_remove(field);
        }
        // Binding a pod to its node is the one change everybody waits for.
        if meta::text(stored, "/spec/nodeName").is_empty() {
            fields.shift_remove("nodeName");
        }
    }
    spec
}
