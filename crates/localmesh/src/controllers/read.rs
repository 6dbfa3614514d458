//! What controllers read off objects: kinds, times, conditions, and what a template makes. Pure.

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use crate::kinds::{self, Kind};
use crate::store::meta;

/// The kind of a stored object.
pub(super) fn kind_of(object: &Value) -> Option<&'static Kind> {
    find_kind(meta::text(object, "/apiVersion"), meta::text(object, "/kind"))
}

/// The kind that an owner reference means, whatever its version.
pub(super) fn find_kind(api_version: &str, kind: &str) -> Option<&'static Kind> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    kinds::ALL.iter().copied().find(|known| known.group == group && known.kind == kind)
}

/// RFC 3339 in whole seconds, rounded down.
pub(super) fn seconds(time: Timestamp) -> String {
    let whole = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
    time.round(whole).unwrap_or(time).to_string()
}

/// The time at a JSON pointer.
pub(super) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    meta::text(object, pointer).parse().ok()
}

/// Some seconds later; the end of time if that is later still.
pub(super) fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// The condition of this type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    meta::list(object, "/status/conditions").iter().find(|condition| condition["type"] == kind)
}

/// Whether the condition of this type is `True`.
pub(super) fn is(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// Whether a pod neither has ended nor is to end.
pub(super) fn is_active(pod: &Value) -> bool {
    !meta::is_terminating(pod) && !has_ended(pod)
}

/// Whether a pod's containers have ended for good.
pub(super) fn has_ended(pod: &Value) -> bool {
    matches!(meta::text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// A pod from the template in its owner's spec.
pub(super) fn pod_of(owner: &Value) -> Value {
    let template = &owner["spec"]["template"];
    json!({
        "metadata": {
            "generateName": format!("{}-", meta::name(owner)),
            "namespace": meta::namespace(owner),
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
            "ownerReferences": [meta::controller_of(owner)],
        },
        "spec": template["spec"],
    })
}
