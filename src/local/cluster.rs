//! The handle by which everything inside the local mesh shares the object store: the API server,
//! the controllers, the kubelet and the control plane. Every write passes the same admission,
//! whoever makes it. The rim around the pure `store`.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::kinds::Kind;
use super::store::{Change, Object, Part, Preconditions, Refusal};

/// A shared handle to the cluster's objects; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Cluster {}

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

impl Cluster {
    /// The object, or `None`.
    #[must_use]
    pub fn get(&self, _kind: &'static Kind, _namespace: &str, _name: &str) -> Option<Arc<Object>> {
        None
    }

    /// All objects of a kind, in one namespace or in all, ordered by namespace and name.
    #[must_use]
    pub fn list(&self, kind: &'static Kind, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.snapshot(kind, namespace).items
    }

    /// The same with the resource version at which it is true.
    #[must_use]
    pub fn snapshot(&self, _kind: &'static Kind, _namespace: Option<&str>) -> Listing {
        Listing { items: Vec::new(), resource_version: 0 }
    }

    /// Everything that happens to a kind after `since`; 410 `Expired` when that is too long ago.
    pub fn watch(
        &self,
        _kind: &'static Kind,
        _namespace: Option<&str>,
        _since: u64,
    ) -> Result<mpsc::Receiver<Notice>, Refusal> {
        Ok(mpsc::channel(1).1)
    }

    /// Creates an object; `metadata.namespace` and `metadata.name` (or `generateName`) say where.
    pub fn create(
        &self,
        _kind: &'static Kind,
        object: Value,
        _mode: WriteMode,
    ) -> Result<Arc<Object>, Refusal> {
        Ok(Arc::new(object))
    }

    /// Reads, changes and writes an object as one step: PUT, PATCH and the controllers' updates.
    /// A `metadata.resourceVersion` in the changed object that is not the stored one is a 409; a
    /// change that changes nothing is not a write.
    pub fn modify(
        &self,
        _kind: &'static Kind,
        _namespace: &str,
        _name: &str,
        _part: Part,
        _mode: WriteMode,
        _change: impl FnOnce(&Value) -> Result<Value, Refusal>,
    ) -> Result<Arc<Object>, Refusal> {
        Ok(Arc::new(Value::Null))
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

    /// Deletes an object, or marks it for deletion while finalizers remain. Answers the object as
    /// it was last.
    pub fn delete(
        &self,
        _kind: &'static Kind,
        _namespace: &str,
        _name: &str,
        _preconditions: &Preconditions,
        _mode: WriteMode,
    ) -> Result<Arc<Object>, Refusal> {
        Ok(Arc::new(Value::Null))
    }

    /// Removes a pod that was marked for deletion, once the kubelet has stopped it.
    pub fn finalize_pod(&self, _namespace: &str, _name: &str, _uid: &str) {}

    /// The store's resource version, told at every change: level-triggered controllers wait on
    /// `changed()` and then look at everything again.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}
