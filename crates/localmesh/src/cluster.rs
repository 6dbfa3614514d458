//! The handle by which everything inside the local mesh shares the object store: the API server,
//! the controllers, the kubelet and the control plane. Every write passes the same admission,
//! whoever makes it. The rim around the pure `store`.

mod clock;
mod events;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::admission;
use super::kinds::{self, Kind};
use super::store::{Change, Event, Object, Part, Preconditions, Refusal, Store, Written, meta};
use clock::Clock;

/// How many notices may wait for a watcher that does not read. The whole demo starting makes about
/// five hundred; a watcher that is further behind lists again sooner than it catches up.
const NOTICES_MAX: usize = 1024;

/// The namespaces a new cluster has.
const FIRST_NAMESPACES: &[&str] = &["default", "kube-system"];

/// A shared handle to the cluster's objects; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    versions: watch::Sender<u64>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct State {
    store: Store,
    watchers: Vec<Watcher>,
}

#[derive(Debug)]
struct Watcher {
    kind: &'static Kind,
    namespace: Option<String>,
    notices: mpsc::Sender<Notice>,
}

/// Objects of one kind as they were at one resource version.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Ordered by namespace and name.
    pub items: Vec<Arc<Object>>,
    /// The store's version at that moment: where a watch can go on.
    pub resource_version: u64,
}

/// What a watcher receives; the channel closes when the watcher was too slow.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What happened.
    pub change: Change,
    /// The object after it (for a delete: before it, with the delete's resource version).
    pub object: Arc<Object>,
}

/// How a write through the API is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteMode {
    /// Check and answer, but store nothing (`dryRun=All`).
    pub dry_run: bool,
    /// Refuse unknown fields (`fieldValidation=Strict`) instead of pruning them.
    pub strict: bool,
}

// === impl Cluster ===

impl Default for Cluster {
    /// A cluster with its first namespaces and nothing in them.
    fn default() -> Self {
        let inner = Inner {
            state: Mutex::default(),
            versions: watch::channel(0).0,
            clock: Clock::default(),
        };
        let cluster = Self { inner: Arc::new(inner) };
        for name in FIRST_NAMESPACES {
            let namespace = json!({"metadata": {"name": name}});
            let made = cluster.create(&kinds::NAMESPACE, namespace, WriteMode::default());
            debug_assert!(made.is_ok(), "the first namespaces are valid and new");
        }
        cluster
    }
}

impl Cluster {
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
        let (notices, receiver) = mpsc::channel(missed.len() + NOTICES_MAX);
        for event in missed {
            let notice = Notice { change: event.change, object: event.object };
            // The channel was made large enough for them.
            let _ = notices.try_send(notice);
        }
        let namespace = namespace.map(str::to_owned);
        state.watchers.retain(|watcher| !watcher.notices.is_closed());
        state.watchers.push(Watcher { kind, namespace, notices });
        Ok(receiver)
    }

    /// Creates an object; `metadata.namespace` and `metadata.name` (or `generateName`) say where.
    pub fn create(
        &self,
        kind: &'static Kind,
        object: Value,
        mode: WriteMode,
    ) -> Result<Arc<Object>, Refusal> {
        let stamp = self.inner.clock.stamp();
        let mut state = self.state();
        let request = admission::Request {
            store: &state.store,
            kind,
            stored: None,
            stamp: &stamp,
            strict: mode.strict,
        };
        let object = admission::admit(&request, object)?;
        let written = state.store.create(kind, object, &stamp, mode.dry_run)?;
        Ok(self.tell(&mut state, written))
    }

    /// Reads, changes and writes an object as one step: PUT, PATCH and the controllers' updates.
    /// A `metadata.resourceVersion` in the changed object that is not the stored one is a 409; a
    /// change that changes nothing is not a write. `change` runs while the cluster is locked: it
    /// must not use the cluster.
    pub fn modify(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        part: Part,
        mode: WriteMode,
        change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Arc<Object>, Refusal> {
        let stamp = self.inner.clock.stamp();
        let mut state = self.state();
        let stored =
            state.store.get(kind, namespace, name).ok_or_else(|| Refusal::not_found(kind, name))?;
        let changed = change(&stored)?;
        let mut object = state.store.merged(kind, namespace, name, part, changed)?;
        if part == Part::Spec {
            let request = admission::Request {
                store: &state.store,
                kind,
                stored: Some(&stored),
                stamp: &stamp,
                strict: mode.strict,
            };
            object = admission::admit(&request, object)?;
        }
        let written = state.store.replace(kind, object, mode.dry_run)?;
        Ok(self.tell(&mut state, written))
    }

    /// `modify` for the mesh's own parts, which change an object in place.
    pub fn update(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        part: Part,
        change: impl FnOnce(&mut Value),
    ) -> Result<Arc<Object>, Refusal> {
        self.modify(kind, namespace, name, part, WriteMode::default(), |object| {
            let mut object = object.clone();
            change(&mut object);
            Ok(object)
        })
    }

    /// Deletes an object, or marks it for deletion while finalizers remain. A pod that runs on a
    /// node is only marked: the kubelet calls `finalize_pod` when it has stopped. Answers the
    /// object as it was last.
    pub fn delete(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        preconditions: &Preconditions,
        mode: WriteMode,
    ) -> Result<Arc<Object>, Refusal> {
        let stamp = self.inner.clock.stamp();
        let mut state = self.state();
        admission::admit_delete(kind, name)?;
        let dry_run = mode.dry_run;
        let written = state.store.delete(kind, namespace, name, preconditions, &stamp, dry_run)?;
        Ok(self.tell(&mut state, written))
    }

    /// The kubelet has stopped a pod that was marked for deletion: nothing but foreign finalizers
    /// holds it any more. A pod of another uid, or none, is left alone.
    pub fn finalize_pod(&self, namespace: &str, name: &str, uid: &str) {
        let stopped = Preconditions {
            uid: Some(uid.to_owned()),
            grace_seconds: Some(0),
            ..Preconditions::default()
        };
        // Refused only if that pod is gone already, which is what was wanted.
        let _ = self.delete(&kinds::POD, namespace, name, &stopped, WriteMode::default());
    }

    /// A namespace that is to be deleted is empty: it goes, unless a finalizer holds it.
    pub(super) fn finalize_namespace(&self, namespace: &Object) -> Result<(), Refusal> {
        let name = meta::name(namespace);
        let mut state = self.state();
        let mut emptied = namespace.clone();
        emptied["spec"]["finalizers"] = json!([]);
        let emptied = state.store.merged(&kinds::NAMESPACE, "", name, Part::Spec, emptied)?;
        let written = state.store.replace(&kinds::NAMESPACE, emptied, false)?;
        self.tell(&mut state, written);
        Ok(())
    }

    /// The store's resource version, told at every change: level-triggered controllers wait on
    /// `changed()` and then look at everything again.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.inner.versions.subscribe()
    }

    /// The cluster's time, by which stamps are made and deadlines are judged.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.inner.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A `change` that panicked has stored nothing: the state behind a poisoned lock is whole.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells watchers while the lock is held, so that all see the same order.
    fn tell(&self, state: &mut State, written: Written) -> Arc<Object> {
        if let Some(event) = &written.event {
            state.watchers.retain(|watcher| watcher.accepts(event));
            self.inner.versions.send_replace(event.version);
        }
        written.object
    }
}

// === impl Watcher ===

impl Watcher {
    /// Hands the event on if it is of concern; `false` when the watcher is gone or too slow.
    fn accepts(&self, event: &Event) -> bool {
        let concerns = self.kind == event.kind
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| namespace == meta::namespace(&event.object));
        if !concerns {
            return !self.notices.is_closed();
        }
        let notice = Notice { change: event.change, object: Arc::clone(&event.object) };
        self.notices.try_send(notice).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [{"name": "app", "image": "example.org/app:v1"}]},
        })
    }

    fn write() -> WriteMode {
        WriteMode::default()
    }

    #[test]
    fn a_write_is_read_listed_watched_and_counted() {
        let cluster = Cluster::default();
        let versions = cluster.versions();
        let before = cluster.snapshot(&kinds::POD, None).resource_version;
        let mut notices = cluster.watch(&kinds::POD, Some("default"), before).unwrap();
        let made = cluster.create(&kinds::POD, pod("a"), write()).unwrap();
        assert_eq!(cluster.get(&kinds::POD, "default", "a"), Some(Arc::clone(&made)));
        assert_eq!(cluster.list(&kinds::POD, Some("default")).len(), 1);
        assert_eq!(cluster.list(&kinds::POD, Some("kube-system")).len(), 0);
        let notice = notices.try_recv().unwrap();
        assert_eq!((notice.change, notice.object), (Change::Added, made));
        assert!(versions.has_changed().unwrap());
        assert!(*versions.borrow() > before);
    }

    #[test]
    fn a_dry_run_answers_and_stores_nothing() {
        let cluster = Cluster::default();
        let dry = WriteMode { dry_run: true, strict: false };
        assert_eq!(cluster.create(&kinds::POD, pod("a"), dry).unwrap()["metadata"]["name"], "a");
        assert_eq!(cluster.get(&kinds::POD, "default", "a"), None);
    }

    #[test]
    fn a_pod_on_a_node_stays_until_the_kubelet_has_stopped_it() {
        let cluster = Cluster::default();
        let mut running = pod("a");
        running["spec"]["nodeName"] = json!("local");
        let made = cluster.create(&kinds::POD, running, write()).unwrap();
        let run = |pod: &mut Value| pod["status"]["phase"] = json!("Running");
        cluster.update(&kinds::POD, "default", "a", Part::Status, run).unwrap();
        let any = Preconditions::default();
        let deleted = cluster.delete(&kinds::POD, "default", "a", &any, write()).unwrap();
        assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 30);
        assert!(meta::is_terminating(&deleted));
        cluster.finalize_pod("default", "a", "somebody-else");
        assert!(cluster.get(&kinds::POD, "default", "a").is_some());
        cluster.finalize_pod("default", "a", meta::uid(&made));
        assert_eq!(cluster.get(&kinds::POD, "default", "a"), None);
    }

    #[test]
    fn a_watcher_that_does_not_read_is_dropped_and_knows_it() {
        let cluster = Cluster::default();
        let mut notices = cluster.watch(&kinds::LEASE, None, 0).unwrap();
        for i in 0..=NOTICES_MAX {
            let lease = json!({"metadata": {"name": format!("l{i}"), "namespace": "default"}});
            cluster.create(&kinds::LEASE, lease, write()).unwrap();
        }
        let mut seen = 0;
        while let Ok(notice) = notices.try_recv() {
            assert_eq!(notice.change, Change::Added);
            seen += 1;
        }
        assert_eq!(seen, NOTICES_MAX);
        assert_eq!(notices.try_recv().unwrap_err(), mpsc::error::TryRecvError::Disconnected);
    }
}
