//! The object store behind the local API server: Kubernetes' semantics of objects, versions,
//! conflicts, finalizers and watches, without any IO. Time and uids come in as arguments. Pure.

pub mod meta;
mod names;
mod refusal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::Kind;
pub use names::is_label;
pub use refusal::{Refusal, resource};

/// How many changes a watch can catch up with. Starting the whole demo makes some five hundred, so
/// a client that lost its connection has many minutes to come back before it has to list again;
/// at a few KiB per object it stays below 20 MiB.
const HISTORY_MAX: usize = 4096;

/// How many characters `generateName` is extended by, as in Kubernetes.
pub const SUFFIX_LEN: usize = 5;

/// The largest object: what etcd takes. A larger one would only be a mistake or an attack.
const OBJECT_BYTES_MAX: usize = 1_500_000;

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

/// Fills in what the server decides about a new object, and checks its name.
fn prepare(kind: &Kind, object: &mut Value, stamp: &Stamp) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    if !matches!(object.get("metadata"), None | Some(Value::Null | Value::Object(_))) {
        return Err(Refusal::bad_request("metadata is not a JSON object"));
    }
    if !meta::text(object, "/metadata/resourceVersion").is_empty() {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Refusal::bad_request(message));
    }
    let mut name = meta::name(object).to_owned();
    if name.is_empty() {
        let prefix = meta::text(object, "/metadata/generateName");
        if !prefix.is_empty() {
            name = format!("{prefix}{}", stamp.suffix);
        }
    }
    names::check(kind, &name)?;
    check_metadata(kind, &name, object)?;
    let namespace = meta::namespace(object).to_owned();
    if kind.namespaced && namespace.is_empty() {
        return Err(Refusal::bad_request("an empty namespace may not be set during creation"));
    }
    check_size(kind, &name, object)?;
    object["apiVersion"] = json!(api_version(kind));
    object["kind"] = json!(kind.kind);
    let metadata = meta::metadata(object);
    for decided in [
        "managedFields",
        "selfLink",
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ] {
        metadata.shift_remove(decided);
    }
    if !kind.namespaced {
        metadata.shift_remove("namespace");
    }
    metadata.insert("name".to_owned(), json!(name));
    metadata.insert("uid".to_owned(), json!(stamp.uid));
    metadata.insert("creationTimestamp".to_owned(), json!(stamp.time));
    if has_generation(kind) {
        metadata.insert("generation".to_owned(), json!(1));
    }
    Ok(())
}

/// Refuses metadata that readers could not rely on: labels and annotations that are no texts,
/// owner references without a uid.
fn check_metadata(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    for field in ["labels", "annotations"] {
        let ok = match &object["metadata"][field] {
            Value::Null => true,
            Value::Object(entries) => entries.values().all(Value::is_string),
            _ => false,
        };
        if !ok {
            let cause = "Invalid value: must be a map of texts";
            return Err(Refusal::invalid(kind, name, &format!("metadata.{field}"), cause));
        }
    }
    for (i, owner) in meta::list(object, "/metadata/ownerReferences").iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if meta::text(owner, &format!("/{field}")).is_empty() {
                let field = format!("metadata.ownerReferences[{i}].{field}");
                let cause = format!("Invalid value: \"\": {} must not be empty", &field[9..]);
                return Err(Refusal::invalid(kind, name, &field, cause));
            }
        }
    }
    Ok(())
}

fn check_size(kind: &Kind, name: &str, object: &Value) -> Result<(), Refusal> {
    let size = object.to_string().len();
    if size <= OBJECT_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "{} \"{name}\": request is too large: {size} bytes, at most {OBJECT_BYTES_MAX}",
        resource(kind)
    );
    Err(Refusal::new(413, "RequestEntityTooLarge", message))
}

/// A changed object has to be the same object, at the version that is stored.
fn check_identity(kind: &Kind, stored: &Value, changed: &Value) -> Result<(), Refusal> {
    if !changed.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    let name = meta::name(stored);
    for (field, mine) in [("name", name), ("namespace", meta::namespace(stored))] {
        let theirs = meta::text(changed, &format!("/metadata/{field}"));
        if !theirs.is_empty() && theirs != mine {
            return Err(Refusal::bad_request(format!(
                "the {field} of the object ({theirs}) does not match the {field} on the URL ({mine})"
            )));
        }
    }
    let uid = meta::uid(changed);
    if !uid.is_empty() && uid != meta::uid(stored) {
        return Err(uid_conflict(kind, stored, uid));
    }
    let version = meta::text(changed, "/metadata/resourceVersion");
    if !version.is_empty() && version != meta::text(stored, "/metadata/resourceVersion") {
        return Err(Refusal::stale(kind, name));
    }
    check_metadata(kind, name, changed)
}

fn uid_conflict(kind: &Kind, stored: &Value, wanted: &str) -> Refusal {
    let cause = format!(
        "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
        meta::uid(stored)
    );
    Refusal::conflict(kind, meta::name(stored), cause)
}

fn check_preconditions(
    kind: &Kind,
    stored: &Value,
    conditions: &Preconditions,
) -> Result<(), Refusal> {
    if let Some(uid) = &conditions.uid
        && uid != meta::uid(stored)
    {
        return Err(uid_conflict(kind, stored, uid));
    }
    let version = meta::text(stored, "/metadata/resourceVersion");
    if let Some(wanted) = &conditions.resource_version
        && wanted != version
    {
        let cause = format!(
            "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in \
             object meta: {version}"
        );
        return Err(Refusal::conflict(kind, meta::name(stored), cause));
    }
    Ok(())
}

/// Takes from `changed` what this write may change, the rest from `stored`.
fn keep_other_part(kind: &Kind, stored: &Value, part: Part, mut changed: Value) -> Value {
    if !has_status(kind) {
        return changed;
    }
    match part {
        Part::Spec => {
            set_or_remove(&mut changed, "status", stored.get("status"));
            changed
        }
        Part::Status => {
            let mut object = stored.clone();
            set_or_remove(&mut object, "status", changed.get("status"));
            object
        }
    }
}

fn set_or_remove(object: &mut Value, field: &str, value: Option<&Value>) {
    let Some(fields) = object.as_object_mut() else { return };
    match value {
        Some(value) => {
            fields.insert(field.to_owned(), value.clone());
        }
        None => {
            fields.shift_remove(field);
        }
    }
}

/// Puts back the metadata that only the server writes; all of it for a status.
fn keep_metadata(stored: &Value, object: &mut Value, all: bool) {
    if all {
        object["metadata"] = stored["metadata"].clone();
        return;
    }
    let metadata = meta::metadata(object);
    metadata.shift_remove("managedFields");
    metadata.shift_remove("selfLink");
    for field in [
        "name",
        "namespace",
        "generateName",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match stored["metadata"].get(field) {
            Some(value) => {
                metadata.insert(field.to_owned(), value.clone());
            }
            None => {
                metadata.shift_remove(field);
            }
        }
    }
}

/// Whoever deletes an object must be able to rely on its going once its finalizers are done.
fn check_finalizers(kind: &Kind, stored: &Value, object: &Value) -> Result<(), Refusal> {
    if !meta::is_terminating(stored) {
        return Ok(());
    }
    let before = meta::list(stored, "/metadata/finalizers");
    let new: Vec<_> = meta::list(object, "/metadata/finalizers")
        .iter()
        .filter(|finalizer| !before.contains(finalizer))
        .map(Value::to_string)
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let cause = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new \
         finalizers []string{{{}}}",
        new.join(", ")
    );
    Err(Refusal::invalid(kind, meta::name(stored), "metadata.finalizers", cause))
}

fn same_spec(a: &Value, b: &Value) -> bool {
    let spec = |object: &Value| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("metadata");
            fields.shift_remove("status");
        }
        object
    };
    spec(a) == spec(b)
}

/// How long a pod may take to stop unless it or the delete says otherwise, as in Kubernetes.
const GRACE_SECONDS: u64 = 30;

/// Notes in the object that it is to be deleted, and what has to happen before it goes.
fn mark_for_deletion(kind: &Kind, object: &mut Value, how: &Preconditions, stamp: &Stamp) {
    let running = kind == &super::kinds::POD
        && !meta::text(object, "/spec/nodeName").is_empty()
        && !matches!(meta::text(object, "/status/phase"), "" | "Succeeded" | "Failed");
    let own_grace = meta::number(object, "/spec/terminationGracePeriodSeconds");
    let first = !meta::is_terminating(object);
    let policy = how.propagation.unwrap_or(if kind == &super::kinds::JOB {
        // For compatibility with times before there was a garbage collector (batch/v1).
        Propagation::Orphan
    } else {
        Propagation::Background
    });
    if kind == &super::kinds::NAMESPACE {
        meta::child(object, "status").insert("phase".to_owned(), json!("Terminating"));
    }
    let metadata = meta::metadata(object);
    if first {
        metadata.insert("deletionTimestamp".to_owned(), json!(stamp.time));
        let finalizer = match policy {
            Propagation::Background => None,
            Propagation::Foreground => Some(FOREGROUND),
            Propagation::Orphan => Some(ORPHAN),
        };
        if let Some(finalizer) = finalizer {
            let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
            if let Some(finalizers) = finalizers.as_array_mut()
                && !finalizers.contains(&json!(finalizer))
            {
                finalizers.push(json!(finalizer));
            }
        }
    }
    if kind == &super::kinds::POD {
        let own = own_grace.and_then(|seconds| u64::try_from(seconds).ok());
        let asked = how.grace_seconds.or(own).unwrap_or(GRACE_SECONDS);
        let asked = if running { asked } else { 0 };
        let before = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_u64);
        // A second delete may only shorten the time.
        let seconds = before.map_or(asked, |before| before.min(asked));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(seconds));
    }
}

/// The finalizer of an object whose dependents go first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an object whose dependents stay.
pub const ORPHAN: &str = "orphan";

/// Whether something keeps an object that is to be deleted.
fn is_held(object: &Value) -> bool {
    !meta::list(object, "/metadata/finalizers").is_empty()
        // Only namespaces have these.
        || (object["kind"] == "Namespace" && !meta::list(object, "/spec/finalizers").is_empty())
        || meta::number(object, "/metadata/deletionGracePeriodSeconds").is_some_and(|s| s > 0)
}
