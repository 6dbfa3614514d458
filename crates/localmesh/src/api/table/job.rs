//! What `kubectl get jobs` says of how far a job is. Pure; the time comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::{human, timestamp};
use super::cell::{items, number};

/// `Complete`, `Failed`, `Suspended` or `Running`.
pub(super) fn status(job: &Value) -> Value {
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
pub(super) fn completions(job: &Value) -> Value {
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
pub(super) fn duration(job: &Value, now: Timestamp) -> Value {
    let Some(start) = timestamp(&job["status"]["startTime"]) else { return json!("") };
    let end = timestamp(&job["status"]["completionTime"]).unwrap_or(now);
    json!(human(end.as_second() - start.as_second()))
}
