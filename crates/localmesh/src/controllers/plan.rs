//! What controllers want: a list of actions, and the time of the next look. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::snapshot::Snapshot;
use crate::admission::selects;
use crate::kinds::Kind;
use crate::store::{Object, Propagation, meta};

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
