//! The shared handle: reading and watching the objects, and the lock around them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::watchers::{Notice, Watchers};
use crate::kinds::Kind;
use crate::store::{Object, Refusal, Stamp, Store, Written};

/// A shared handle to the mesh's objects; cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    versions: watch::Sender<u64>,
    clock: Clock,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) store: Store,
    watchers: Watchers,
}

/// Objects of one kind as they were at one resource version.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Ordered by namespace and name.
    pub items: Vec<Arc<Object>>,
    /// The store's version at that moment: where a watch can go on.
    pub resource_version: u64,
}

// === impl Registry ===

impl Registry {
    /// A registry without anything in it, not even a namespace.
    pub(super) fn empty() -> Self {
        let inner = Inner {
            state: Mutex::default(),
            versions: watch::channel(0).0,
            clock: Clock::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The object, or `None`.
    #[must_use]
    pub fn get(&self, kind: &'static Kind, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.state().store.get(kind, namespace, name)
    }

    /// All objects of a kind, in one namespace or in all, ordered by namespace and name.
    #[must_use]
    pub fn list(&self, kind: &'static Kind, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.snapshot(kind, namespace).items
    }

    /// The same with the resource version at which it is true.
    #[must_use]
    pub fn snapshot(&self, kind: &'static Kind, namespace: Option<&str>) -> Listing {
        let state = self.state();
        let items = state.store.list(kind, namespace).cloned().collect();
        Listing { items, resource_version: state.store.version() }
    }

    /// Objects of several kinds at one and the same moment, in the order of `kinds`.
    #[must_use]
    pub fn snapshots(&self, kinds: &[&'static Kind]) -> Vec<Vec<Arc<Object>>> {
        let state = self.state();
        kinds.iter().map(|kind| state.store.list(kind, None).cloned().collect()).collect()
    }

    /// Everything that happens to a kind after `since`; 410 `Expired` when that is too long ago.
    pub fn watch(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        since: u64,
    ) -> Result<mpsc::Receiver<Notice>, Refusal> {
        let mut state = self.state();
        let missed = state.store.since(kind, namespace, since)?;
        Ok(state.watchers.add(kind, namespace, missed))
    }

    /// The store's resource version, told at every change: level-triggered controllers wait on
    /// `changed()` and then look at everything again.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.inner.versions.subscribe()
    }

    /// The registry's time, by which stamps are made and deadlines are judged.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.inner.clock.now()
    }

    /// Time, uid and suffix for one write.
    pub(super) fn stamp(&self) -> Stamp {
        self.inner.clock.stamp()
    }

    /// What there is, while nobody else looks at it.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A `change` that panicked has stored nothing: the state behind a poisoned lock is whole.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells watchers while the lock is held, so that all see the same order.
    pub(super) fn tell(&self, state: &mut State, written: Written) -> Arc<Object> {
        if let Some(event) = &written.event {
            state.watchers.tell(event);
            self.inner.versions.send_replace(event.version);
        }
        written.object
    }
}
