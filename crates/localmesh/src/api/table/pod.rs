//! What `kubectl get pods` says of a pod's containers. Pure.

use serde_json::{Value, json};

use super::cell::{count, items, number};

/// `1/2`: ready containers of a pod.
pub(super) fn ready(pod: &Value) -> Value {
    let ready = items(pod, "/status/containerStatuses").filter(|s| s["ready"] == true).count();
    json!(format!("{ready}/{}", count(pod, "/spec/containers")))
}

/// Restarts of all containers.
pub(super) fn restarts(pod: &Value) -> Value {
    let counts = items(pod, "/status/containerStatuses").map(|s| number(s, "/restartCount"));
    json!(counts.fold(0, i64::saturating_add).to_string())
}

/// The one word that is said about a pod.
pub(super) fn status(pod: &Value) -> Value {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return json!("Terminating");
    }
    let status = &pod["status"];
    let reason = [&status["reason"], &status["phase"]].into_iter().find_map(Value::as_str);
    let mut word = reason.unwrap_or("Unknown").to_owned();
    let mut running = false;
    for container in items(pod, "/status/containerStatuses").rev() {
        let state = &container["state"];
        if let Some(reason) = state["waiting"]["reason"].as_str() {
            reason.clone_into(&mut word);
        } else if let Some(terminated) = state["terminated"].as_object() {
            word = match terminated.get("reason").and_then(Value::as_str) {
                Some(reason) if !reason.is_empty() => reason.to_owned(),
                _ => format!("ExitCode:{}", number(state, "/terminated/exitCode")),
            };
        } else if container["ready"] == true {
            running = true;
        }
    }
    // One container of several has ended: the pod still runs.
    if word == "Completed" && running {
        "Running".clone_into(&mut word);
    }
    json!(word)
}
