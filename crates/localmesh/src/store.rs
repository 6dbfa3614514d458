//! The object store behind the local API server: Kubernetes' semantics of objects, versions,
//! conflicts, finalizers and watches, without any IO. Time and uids come in as arguments. Pure.

mod deletion;
pub mod meta;
mod names;
mod refusal;
mod rules;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Kind;
pub use deletion::{FOREGROUND, ORPHAN};
use deletion::{check_finalizers, check_preconditions, is_held, mark_for_deletion};
pub use names::is_label;
pub use refusal::{Refusal, resource};
use rules::{check_identity, check_size, keep_metadata, keep_other_part, prepare, same_spec};

/// How many changes a watch can catch up with. Starting the whole demo makes some five hundred, so
/// a client that lost its connection has many minutes to come back before it has to list again;
/// at a few KiB per object it stays below 20 MiB.
const HISTORY_MAX: usize = 4096;

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

/// An object as stored: plain JSON, so that no field is ever lost.
pub type Object = Value;

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

type ByName = BTreeMap<(String, String), Arc<Object>>;

/// All objects, and what happened to them lately.
#[derive(Debug, Default)]
pub struct Store {
    objects: BTreeMap<(&'static str, &'static str), ByName>,
    version: u64,
    history: VecDeque<Event>,
    /// The newest version that was forgotten; a watch can go on from here and later.
    compacted: u64,
}

// === impl Store ===

impl Store {
    /// The version of the newest change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The object, or `None`.
    #[must_use]
    pub fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let key = (namespace.to_owned(), name.to_owned());
        self.objects.get(&(kind.group, kind.plural))?.get(&key).cloned()
    }

    /// All objects of a kind, in one namespace or in all, ordered by namespace and name.
    pub fn list<'a>(
        &'a self,
        kind: &Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Object>> + 'a {
        let from = namespace.map_or(Bound::Unbounded, |namespace| {
            Bound::Included((namespace.to_owned(), String::new()))
        });
        let here = move |(key, _): &(&(String, String), _)| {
            namespace.is_none_or(|namespace| key.0 == namespace)
        };
        let of_kind = self.objects.get(&(kind.group, kind.plural));
        of_kind
            .into_iter()
            .flat_map(move |of_kind| of_kind.range((from.clone(), Bound::Unbounded)))
            .take_while(here)
            .map(|(_, object)| object)
    }

    /// Everything that happened to a kind after a version; 410 when that is no longer remembered,
    /// or not of this store (a client that comes back to a new mesh has to list again).
    pub fn since(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        version: u64,
    ) -> Result<Vec<Event>, Refusal> {
        if version < self.compacted || version > self.version {
            return Err(Refusal::expired(version, self.compacted));
        }
        let from = self.history.partition_point(|event| event.version <= version);
        let meant = |event: &&Event| {
            event.kind == kind
                && namespace.is_none_or(|namespace| meta::namespace(&event.object) == namespace)
        };
        Ok(self.history.range(from..).filter(meant).cloned().collect())
    }

    /// Stores a new object.
    pub fn create(
        &mut self,
        kind: &'static Kind,
        mut object: Value,
        stamp: &Stamp,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        prepare(kind, &mut object, stamp)?;
        let (namespace, name) = key(&object);
        if self.get(kind, &namespace, &name).is_some() {
            return Err(Refusal::already_exists(kind, &name));
        }
        Ok(self.store(kind, Change::Added, object, dry_run))
    }

    /// What a change of an object would store: `changed` with everything that may not change, or
    /// belongs to the other part, as it is stored.
    pub fn merged(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        part: Part,
        changed: Value,
    ) -> Result<Value, Refusal> {
        let stored = self.existing(kind, namespace, name)?;
        check_identity(kind, &stored, &changed)?;
        let mut object = keep_other_part(kind, &stored, part, changed);
        keep_metadata(&stored, &mut object, part == Part::Status && has_status(kind));
        object["apiVersion"] = stored["apiVersion"].clone();
        object["kind"] = stored["kind"].clone();
        check_finalizers(kind, &stored, &object)?;
        Ok(object)
    }

    /// Stores what `merged` made (and admission may have added to). Nothing is written when
    /// nothing changed; an object that only waited for its last finalizer goes.
    pub fn replace(
        &mut self,
        kind: &'static Kind,
        mut object: Value,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let (namespace, name) = key(&object);
        let stored = self.existing(kind, &namespace, &name)?;
        let version = stored["metadata"]["resourceVersion"].clone();
        meta::metadata(&mut object).insert("resourceVersion".to_owned(), version);
        if *stored == object {
            return Ok(Written { object: stored, event: None });
        }
        if has_generation(kind) && !same_spec(&stored, &object) {
            let generation = meta::number(&stored, "/metadata/generation").unwrap_or(0);
            meta::metadata(&mut object).insert("generation".to_owned(), json!(generation + 1));
        }
        check_size(kind, &name, &object)?;
        let change = if meta::is_terminating(&object) && !is_held(&object) {
            Change::Deleted
        } else {
            Change::Modified
        };
        Ok(self.store(kind, change, object, dry_run))
    }

    /// Deletes an object, or marks it as to be deleted while something still holds it: a finalizer,
    /// a running pod's grace period, or a namespace's content.
    pub fn delete(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        conditions: &Preconditions,
        stamp: &Stamp,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let stored = self.existing(kind, namespace, name)?;
        check_preconditions(kind, &stored, conditions)?;
        let mut object = (*stored).clone();
        mark_for_deletion(kind, &mut object, conditions, stamp);
        if !is_held(&object) {
            return Ok(self.store(kind, Change::Deleted, (*stored).clone(), dry_run));
        }
        if *stored == object {
            return Ok(Written { object: stored, event: None });
        }
        Ok(self.store(kind, Change::Modified, object, dry_run))
    }

    fn existing(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Arc<Object>, Refusal> {
        self.get(kind, namespace, name).ok_or_else(|| Refusal::not_found(kind, name))
    }

    /// The only place where something changes.
    fn store(
        &mut self,
        kind: &'static Kind,
        change: Change,
        mut object: Value,
        dry_run: bool,
    ) -> Written {
        if dry_run {
            return Written { object: Arc::new(object), event: None };
        }
        self.version += 1;
        let version = json!(self.version.to_string());
        meta::metadata(&mut object).insert("resourceVersion".to_owned(), version);
        let object = Arc::new(object);
        let of_kind = self.objects.entry((kind.group, kind.plural)).or_default();
        match change {
            Change::Added | Change::Modified => {
                of_kind.insert(key(&object), Arc::clone(&object));
            }
            Change::Deleted => {
                of_kind.remove(&key(&object));
            }
        }
        let event = Event { version: self.version, kind, change, object: Arc::clone(&object) };
        self.history.push_back(event.clone());
        if self.history.len() > HISTORY_MAX
            && let Some(forgotten) = self.history.pop_front()
        {
            self.compacted = forgotten.version;
        }
        Written { object, event: Some(event) }
    }
}

fn key(object: &Value) -> (String, String) {
    (meta::namespace(object).to_owned(), meta::name(object).to_owned())
}

fn has_status(kind: &Kind) -> bool {
    kind.subresources.contains(&"status")
}

/// Kinds whose controllers tell by `metadata.generation` which spec they have seen.
fn has_generation(kind: &Kind) -> bool {
    has_status(kind) && kind != &super::kinds::NAMESPACE && kind != &super::kinds::SERVICE
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

#[cfg(test)]
mod tests;
