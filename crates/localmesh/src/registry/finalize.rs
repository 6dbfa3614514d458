//! The last step of what was marked for deletion and is held by the mesh's own parts.

use serde_json::json;

use super::handle::Registry;
use super::write::WriteMode;
use crate::kinds;
use crate::store::{Object, Part, Preconditions, Refusal, meta};

// === impl Registry ===

impl Registry {
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
    pub(crate) fn finalize_namespace(&self, namespace: &Object) -> Result<(), Refusal> {
        let name = meta::name(namespace);
        let mut state = self.state();
        let mut emptied = namespace.clone();
        emptied["spec"]["finalizers"] = json!([]);
        let emptied = state.store.merged(&kinds::NAMESPACE, "", name, Part::Spec, emptied)?;
        let written = state.store.replace(&kinds::NAMESPACE, emptied, false)?;
        self.tell(&mut state, written);
        Ok(())
    }
}
