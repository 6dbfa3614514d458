//! The cells that take more than reading one field: a pod's status, a service's ports, a job's
//! duration. Objects are untrusted: what is missing or of a wrong type is shown as missing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::{human, since, timestamp};

const NONE: &str = "<none>";

/// The text at a JSON pointer, or `<none>`.
pub(super) fn text(object: &Value, pointer: &str) -> Value {
    match object.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => json!(text),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => json!(value.to_string()),
        Some(value @ Value::Array(items)) if !items.is_empty() => json!(value.to_string()),
        _ => json!(NONE),
    }
}

/// The whole number at a JSON pointer, or 0.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// How many entries a list or map has.
pub(super) fn count(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    }
}

/// Time since creation.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    json!(since(&object["metadata"]["creationTimestamp"], now))
}

/// One field of each container of a pod template, joined.
pub(super) fn containers(object: &Value, field: &str) -> Value {
    let names = items(object, "/spec/template/spec/containers").filter_map(|c| c[field].as_str());
    json!(names.collect::<Vec<_>>().join(","))
}

/// A map of labels as a selector.
pub(super) fn labels(object: &Value, pointer: &str) -> Value {
    let map = object.pointer(pointer).and_then(Value::as_object);
    let pairs: Vec<String> = map
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { json!(NONE) } else { json!(pairs.join(",")) }
}

/// `1/2`: ready containers of a pod.
pub(super) fn pod_ready(pod: &Value) -> Value {
    let ready = items(pod, "/status/containerStatuses").filter(|s| s["ready"] == true).count();
    json!(format!("{ready}/{}", count(pod, "/spec/containers")))
}

/// Restarts of all containers.
pub(super) fn pod_restarts(pod: &Value) -> Value {
    let counts = items(pod, "/status/containerStatuses").map(|s| number(s, "/restartCount"));
    json!(counts.fold(0, i64::saturating_add).to_string())
}

/// The one word `kubectl get pods` says about a pod.
pub(super) fn pod_status(pod: &Value) -> Value {
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

/// `80/TCP,443/TCP`
pub(super) fn service_ports(service: &Value) -> Value {
    let ports: Vec<String> = items(service, "/spec/ports")
        .map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            match port["nodePort"].as_i64() {
                Some(node) => format!("{}:{node}/{protocol}", number(port, "/port")),
                None => format!("{}/{protocol}", number(port, "/port")),
            }
        })
        .collect();
    if ports.is_empty() { json!(NONE) } else { json!(ports.join(",")) }
}

/// `Complete`, `Failed`, `Suspended` or `Running`.
pub(super) fn job_status(job: &Value) -> Value {
    let holds = |kind: &str| {
        items(job, "/status/conditions").any(|c| c["type"] == kind && c["status"] == "True")
    };
    let words = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"];
    let word = words.into_iter().find(|word| holds(word));
    match word {
        None if !job["metadata"]["deletionTimestamp"].is_null() => json!("Terminating"),
        word => json!(word.unwrap_or("Running")),
    }
}

/// `0/1`, or `0/1 of 3` for a job of parallel workers.
pub(super) fn job_completions(job: &Value) -> Value {
    let succeeded = number(job, "/status/succeeded");
    let text = match job["spec"]["completions"].as_i64() {
        Some(completions) => format!("{succeeded}/{completions}"),
        None => match number(job, "/spec/parallelism") {
            parallelism if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
            _ => format!("{succeeded}/1"),
        },
    };
    json!(text)
}

/// How long a job ran, or has been running.
pub(super) fn job_duration(job: &Value, now: Timestamp) -> Value {
    let Some(start) = timestamp(&job["status"]["startTime"]) else { return json!("") };
    let end = timestamp(&job["status"]["completionTime"]).unwrap_or(now);
    json!(human(end.as_second() - start.as_second()))
}

/// When an event was last seen.
pub(super) fn event_seen(event: &Value, now: Timestamp) -> Value {
    let times = ["/lastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    let time = times.into_iter().filter_map(|p| event.pointer(p)).find(|t| t.is_string());
    json!(time.map_or_else(|| "<unknown>".to_owned(), |time| since(time, now)))
}

/// `pod/name`
pub(super) fn event_object(event: &Value) -> Value {
    let object = &event["involvedObject"];
    let kind = object["kind"].as_str().unwrap_or_default().to_ascii_lowercase();
    json!(format!("{kind}/{}", object["name"].as_str().unwrap_or_default()))
}

/// The ports of an endpoint slice.
pub(super) fn slice_ports(slice: &Value) -> Value {
    let ports = items(slice, "/ports").filter_map(|p| p["port"].as_i64()).map(|p| p.to_string());
    let ports = ports.collect::<Vec<_>>().join(",");
    if ports.is_empty() { json!("<unset>") } else { json!(ports) }
}

/// The first addresses of an endpoint slice.
pub(super) fn slice_addresses(slice: &Value) -> Value {
    // kubectl's own limit, so that the column stays readable.
    const SHOWN: usize = 3;
    let all: Vec<&str> = items(slice, "/endpoints")
        .filter_map(|endpoint| endpoint["addresses"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if all.is_empty() {
        return json!("<unset>");
    }
    let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(",");
    if all.len() > SHOWN {
        return json!(format!("{shown} + {} more...", all.len() - SHOWN));
    }
    json!(shown)
}

fn items<'a>(object: &'a Value, pointer: &str) -> std::slice::Iter<'a, Value> {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}
