//! The commands that undo a change without us. Pure.

use serde_json::json;

use crate::application::settings::Endpoint;
use crate::cluster::ObjectRef;
use crate::safety::undo::steps::UndoAction;

impl UndoAction {
    /// What a person types when we could not.
    pub(crate) fn command(&self) -> String {
        match self {
            Self::Delete(object) => object.delete_command(),
            Self::Revert { object, before, .. } => {
                let ObjectRef { kind, namespace, name, .. } = object;
                let patch = json!([{"op": "replace", "path": "/spec", "value": before["spec"]}]);
                let kind = kind.to_lowercase();
                format!("kubectl patch {kind} {name} -n {namespace} --type=json -p '{patch}'")
            }
            Self::Put { endpoint, pods: _, before, wrote: _ } => {
                let Endpoint { namespace, selector, port, write, .. } = endpoint;
                format!(
                    "for pod in $(kubectl get pods -n {namespace} -l {selector} -o name); do \
                     kubectl port-forward -n {namespace} $pod {port} & sleep 1; \
                     curl -X PUT -d '{before}' localhost:{port}{write}; kill $!; done"
                )
            }
        }
    }
}
