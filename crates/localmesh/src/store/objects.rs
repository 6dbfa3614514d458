//! All objects as they are, and what happened to them lately. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::meta;
use super::refusal::Refusal;
use super::types::{Change, Event, Object, Written};
use crate::kinds::Kind;

/// How many changes a watch can catch up with. Starting the whole demo makes some five hundred, so
/// a client that lost its connection has many minutes to come back before it has to list again;
/// at a few KiB per object it stays below 20 MiB.
pub(super) const HISTORY_MAX: usize = 4096;

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

    /// The object, or 404.
    pub(super) fn existing(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Object>, Refusal> {
        self.get(kind, namespace, name).ok_or_else(|| Refusal::not_found(kind, name))
    }

    /// The only place where something changes.
    pub(super) fn store(
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

/// Namespace and name.
pub(super) fn key(object: &Value) -> (String, String) {
    (meta::namespace(object).to_owned(), meta::name(object).to_owned())
}
