//! What controllers see and what they want: a snapshot of all objects at one moment, and a list of
//! actions with the time of the next look. Pure.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use super::super::admission::selects;
use super::super::kinds::{self, Kind};
use super::super::store::{Object, Propagation, meta};

/// All objects at one moment.
pub(super) struct Snapshot {
    /// That moment.
    pub(super) now: Timestamp,
    /// In the order of `kinds::ALL`.
    objects: Vec<Vec<Arc<Object>>>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Create an object.
    Create { kind: &'static Kind, object: Value },
    /// Create a pod for its owner, and tell so in an Event.
    CreatePod { owner: Arc<Object>, pod: Value, component: &'static str },
    /// Delete a pod for its owner, and tell so in an Event.
    DeletePod { owner: Arc<Object>, pod: Arc<Object>, component: &'static str },
    /// Write everything but the status, if nobody else wrote since.
    Update { object: Value },
    /// Write the status, if nobody else wrote since.
    UpdateStatus { object: Value },
    /// Delete an object.
    Delete { object: Arc<Object>, propagation: Propagation },
    /// Let a namespace go that is empty.
    FinalizeNamespace { namespace: Arc<Object> },
    /// Record an Event.
    Event {
        about: Arc<Object>,
        level: &'static str,
        reason: &'static str,
        message: String,
        component: &'static str,
    },
}

/// What is to be done now, and when to look again though nothing has changed.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) actions: Vec<Action>,
    wake: Option<Timestamp>,
}

// === impl Snapshot ===

impl Snapshot {
    /// `objects` in the order of `kinds::ALL`.
    pub(super) fn new(now: Timestamp, objects: Vec<Vec<Arc<Object>>>) -> Self {
        Self { now, objects }
    }

    /// All objects of a kind, ordered by namespace and name.
    pub(super) fn of(&self, kind: &'static Kind) -> &[Arc<Object>] {
        let index = kinds::ALL.iter().position(|known| *known == kind);
        index.and_then(|index| self.objects.get(index)).map_or(&[], Vec::as_slice)
    }

    /// All objects of all kinds.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static Kind, &Arc<Object>)> {
        let kinds = kinds::ALL.iter().copied();
        kinds.zip(&self.objects).flat_map(|(kind, objects)| objects.iter().map(move |o| (kind, o)))
    }

    /// Objects of a kind whose controller is `owner`.
    pub(super) fn controlled_by<'a>(
        &'a self,
        kind: &'static Kind,
        owner: &'a Value,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        self.of(kind).iter().filter(move |object| {
            meta::namespace(object) == meta::namespace(owner)
                && meta::is_controlled_by(object, owner)
        })
    }

    /// Now, as it is written into objects.
    pub(super) fn time(&self) -> String {
        seconds(self.now)
    }
}

// === impl Plan ===

impl Plan {
    pub(super) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Looks again at this time at the latest.
    pub(super) fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |wake| wake.min(time)));
    }

    pub(super) fn wake(&self) -> Option<Timestamp> {
        self.wake
    }

    /// Writes the status if it is another than the object has.
    pub(super) fn status(&mut self, object: &Value, status: Value) {
        if object["status"] != status {
            let mut object = object.clone();
            object["status"] = status;
            self.push(Action::UpdateStatus { object });
        }
    }

    /// Makes `owner` the controller of what it selects and nobody else has: an owner that was
    /// deleted without its dependents, and made again, finds them.
    pub(super) fn adopt(&mut self, snapshot: &Snapshot, kind: &'static Kind, owner: &Value) {
        let has_controller = |object: &Value| {
            let mut owners = meta::list(object, "/metadata/ownerReferences").iter();
            owners.any(|reference| reference["controller"] == json!(true))
        };
        for object in snapshot.of(kind) {
            let free = meta::namespace(object) == meta::namespace(owner)
                && !meta::is_terminating(object)
                && !has_controller(object)
                && selects(&owner["spec"]["selector"], &object["metadata"]["labels"]);
            if !free {
                continue;
            }
            let mut object = (**object).clone();
            let metadata = meta::metadata(&mut object);
            let owners = metadata.entry("ownerReferences").or_insert_with(|| json!([]));
            if let Some(owners) = owners.as_array_mut() {
                owners.push(meta::controller_of(owner));
                self.push(Action::Update { object });
            }
        }
    }

    pub(super) fn event(
        &mut self,
        about: &Arc<Object>,
        level: &'static str,
        reason: &'static str,
        message: String,
        component: &'static str,
    ) {
        let about = Arc::clone(about);
        self.push(Action::Event { about, level, reason, message, component });
    }
}

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
