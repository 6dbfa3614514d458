//! What controllers see: all objects at one moment. Pure.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::read::seconds;
use crate::kinds::{self, Kind};
use crate::store::{Object, meta};

/// All objects at one moment.
pub(super) struct Snapshot {
    /// That moment.
    pub(super) now: Timestamp,
    /// In the order of `kinds::ALL`.
    objects: Vec<Vec<Arc<Object>>>,
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
