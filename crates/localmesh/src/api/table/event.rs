//! What `kubectl get events` says of when and whom an event is about. Pure; the time comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::since;
use super::cell::number;

/// When an event was last seen.
pub(super) fn seen(event: &Value, now: Timestamp) -> Value {
    let times = ["/lastTimestamp", "/eventTime", "/firstTimestamp", "/metadata/creationTimestamp"];
    let time = times.into_iter().filter_map(|p| event.pointer(p)).find(|t| t.is_string());
    json!(time.map_or_else(|| "<unknown>".to_owned(), |time| since(time, now)))
}

/// `pod/name`
pub(super) fn object(event: &Value) -> Value {
    let text = |field: &str| event["involvedObject"][field].as_str().unwrap_or_default();
    json!(format!("{}/{}", text("kind").to_ascii_lowercase(), text("name")))
}

/// How often it was seen.
pub(super) fn count(event: &Value) -> Value {
    json!(number(event, "/count").max(1).to_string())
}
