//! What goes into the store and comes out of it. Pure.

use std::sync::Arc;

use serde_json::Value;

use crate::kinds::Kind;

/// An object as stored: plain JSON, so that no field is ever lost.
pub type Object = Value;

/// How many characters `generateName` is extended by, as in Kubernetes.
pub const SUFFIX_LEN: usize = 5;

/// Which part of an object a write may change: Kubernetes keeps `spec` and `status` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but `status`; a change of `spec` increments `metadata.generation`.
    Spec,
    /// Only `status`.
    Status,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// The object goes at once, the garbage collector deletes the dependents after it.
    Background,
    /// The dependents go first; until then the object stays with a finalizer.
    Foreground,
    /// The dependents stay and lose their reference to the object.
    Orphan,
}

/// The conditions under which, and the way in which, a delete is meant.
#[derive(Debug, Clone, Default)]
pub struct Preconditions {
    /// Delete only the object with this uid, else 409.
    pub uid: Option<String>,
    /// Delete only at this resource version, else 409.
    pub resource_version: Option<String>,
    /// `propagationPolicy`; without one the kind's default (`Orphan` for Jobs, else `Background`).
    pub propagation: Option<Propagation>,
    /// `gracePeriodSeconds`: how long a running pod may take to stop; 0 removes it at once.
    pub grace_seconds: Option<u64>,
}

/// What a watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The object is new.
    Added,
    /// The object changed.
    Modified,
    /// The object is gone.
    Deleted,
}

/// What the store cannot know by itself: the time, and names nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Now, RFC 3339 in whole seconds.
    pub time: String,
    /// The uid of the object, should one be created.
    pub uid: String,
    /// What `generateName` is extended by: `SUFFIX_LEN` lower-case letters and digits.
    pub suffix: String,
}

/// One thing that happened, as it is told to watchers.
#[derive(Debug, Clone)]
pub struct Event {
    /// The resource version it made.
    pub version: u64,
    /// The object's kind.
    pub kind: &'static Kind,
    /// What happened.
    pub change: Change,
    /// The object after it (for a delete: before it, with the delete's resource version).
    pub object: Arc<Object>,
}

/// The outcome of a write.
#[derive(Debug, Clone)]
pub struct Written {
    /// The object after it (for a delete: as it was last).
    pub object: Arc<Object>,
    /// What watchers are told; `None` when nothing changed, or nothing was to be stored.
    pub event: Option<Event>,
}

/// `apps/v1`: the preferred version, in which all versions of a kind are stored.
#[must_use]
pub fn api_version(kind: &Kind) -> String {
    if kind.group.is_empty() {
        kind.versions[0].to_owned()
    } else {
        format!("{}/{}", kind.group, kind.versions[0])
    }
}
