//! Every write, whoever makes it: past admission, into the store, and told to who watches.

use std::sync::Arc;

use serde_json::{Value, json};

use super::handle::Registry;
use crate::admission;
use crate::kinds::{self, Kind};
use crate::store::{Object, Part, Preconditions, Refusal};

/// The namespaces a new registry has.
const FIRST_NAMESPACES: &[&str] = &["default", "kube-system"];

/// How a write through the API is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteMode {
    /// Check and answer, but store nothing (`dryRun=All`).
    pub dry_run: bool,
    /// Refuse unknown fields (`fieldValidation=Strict`) instead of pruning them.
    pub strict: bool,
}

// === impl Registry ===

impl Default for Registry {
    /// A registry with its first namespaces and nothing in them.
    fn default() -> Self {
        let registry = Self::empty();
        for name in FIRST_NAMESPACES {
            let namespace = json!({"metadata": {"name": name}});
            let made = registry.create(&kinds::NAMESPACE, namespace, WriteMode::default());
            debug_assert!(made.is_ok(), "the first namespaces are valid and new");
        }
        registry
    }
}

impl Registry {
    /// Creates an object; `metadata.namespace` and `metadata.name` (or `generateName`) say where.
    pub fn create(
        &self,
        kind: &'static Kind,
        object: Value,
        mode: WriteMode,
    ) -> Result<Arc<Object>, Refusal> {
        let stamp = self.stamp();
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
    /// change that changes nothing is not a write. `change` runs while the registry is locked: it
    /// must not use the registry.
    pub fn modify(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        part: Part,
        mode: WriteMode,
        change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Arc<Object>, Refusal> {
        let stamp = self.stamp();
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
        let stamp = self.stamp();
        let mut state = self.state();
        admission::admit_delete(kind, name)?;
        let dry_run = mode.dry_run;
        let written = state.store.delete(kind, namespace, name, preconditions, &stamp, dry_run)?;
        Ok(self.tell(&mut state, written))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::super::watchers::NOTICES_MAX;
    use super::*;
    use crate::store::{Change, meta};

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
        let registry = Registry::default();
        let versions = registry.versions();
        let before = registry.snapshot(&kinds::POD, None).resource_version;
        let mut notices = registry.watch(&kinds::POD, Some("default"), before).unwrap();
        let made = registry.create(&kinds::POD, pod("a"), write()).unwrap();
        assert_eq!(registry.get(&kinds::POD, "default", "a"), Some(Arc::clone(&made)));
        assert_eq!(registry.list(&kinds::POD, Some("default")).len(), 1);
        assert_eq!(registry.list(&kinds::POD, Some("kube-system")).len(), 0);
        let notice = notices.try_recv().unwrap();
        assert_eq!((notice.change, notice.object), (Change::Added, made));
        assert!(versions.has_changed().unwrap());
        assert!(*versions.borrow() > before);
    }

    #[test]
    fn a_dry_run_answers_and_stores_nothing() {
        let registry = Registry::default();
        let dry = WriteMode { dry_run: true, strict: false };
        assert_eq!(registry.create(&kinds::POD, pod("a"), dry).unwrap()["metadata"]["name"], "a");
        assert_eq!(registry.get(&kinds::POD, "default", "a"), None);
    }

    #[test]
    fn a_pod_on_a_node_stays_until_the_kubelet_has_stopped_it() {
        let registry = Registry::default();
        let mut running = pod("a");
        running["spec"]["nodeName"] = json!("local");
        let made = registry.create(&kinds::POD, running, write()).unwrap();
        let run = |pod: &mut Value| pod["status"]["phase"] = json!("Running");
        registry.update(&kinds::POD, "default", "a", Part::Status, run).unwrap();
        let any = Preconditions::default();
        let deleted = registry.delete(&kinds::POD, "default", "a", &any, write()).unwrap();
        assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 30);
        assert!(meta::is_terminating(&deleted));
        registry.finalize_pod("default", "a", "somebody-else");
        assert!(registry.get(&kinds::POD, "default", "a").is_some());
        registry.finalize_pod("default", "a", meta::uid(&made));
        assert_eq!(registry.get(&kinds::POD, "default", "a"), None);
    }

    #[test]
    fn a_watcher_that_does_not_read_is_dropped_and_knows_it() {
        let registry = Registry::default();
        let mut notices = registry.watch(&kinds::LEASE, None, 0).unwrap();
        for i in 0..=NOTICES_MAX {
            let lease = json!({"metadata": {"name": format!("l{i}"), "namespace": "default"}});
            registry.create(&kinds::LEASE, lease, write()).unwrap();
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
