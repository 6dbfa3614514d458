//! Whether a mesh has healed itself of a run that died: its dead-man's switches fired and its
//! watchdogs gave back what it had changed, so that nothing is left to be undone.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::error::Result;
use crate::safety::compare::same;
use crate::safety::journal::{Journal, host};
use crate::safety::labels::RUN_LABEL;
use crate::safety::leftovers::marked;
use crate::safety::undo::{Marks, UndoAction, undo_steps};

/// Whether everything that an unfinished journal has is undone, as seen on the mesh itself; nothing
/// is changed. What cannot be seen is not undone.
pub(super) async fn healed(cluster: &Cluster, journal: &Journal) -> Result<bool> {
    let header = journal.header();
    if header.host != host() {
        // Its lock says nothing here: a home may be shared between machines.
        return Ok(false);
    }
    for step in undo_steps(&journal.entries(|_| true)) {
        if !is_undone(cluster, &header.run, &step.what).await? {
            return Ok(false);
        }
    }
    // Also what a damaged record would have told.
    Ok(marked(cluster, &header.namespaces, &header.run).await.is_empty())
}

async fn is_undone(cluster: &Cluster, run: &str, what: &UndoAction) -> Result<bool> {
    match what {
        UndoAction::Delete(object) => {
            let found = cluster.get(object).await?;
            // Whoever replaced it has an object of their own.
            let label = |found: &Value| {
                found.pointer("/metadata/labels").is_some_and(|labels| {
                    labels.get(RUN_LABEL).and_then(Value::as_str) == Some(run)
                })
            };
            Ok(!found.as_ref().is_some_and(label))
        }
        UndoAction::Revert { object, before, wrote: _ } => {
            let found = cluster.get(object).await?;
            Ok(found.is_some_and(|now| !Marks::on(&now) && same(&now["spec"], &before["spec"])))
        }
        UndoAction::Put { endpoint, pods, before, wrote: _ } => {
            for pod in cluster.pods(&endpoint.namespace, &endpoint.selector).await? {
                // Pods that are gone took it with them, and new ones never heard of it.
                if pods.contains(&pod.name) && !same(&endpoint.read(cluster, &pod).await?, before) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::cluster::ObjectRef;
    use crate::safety::journal::{Header, Scope, Undo};
    use crate::safety::testing::Fake;

    const PATH: &str = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices";

    fn virtual_service(name: &str, spec: &Value, labels: &Value) -> Value {
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "shop", "labels": labels},
            "spec": spec,
        })
    }

    #[tokio::test]
    async fn a_mesh_is_healed_once_nothing_is_left_of_the_run() {
        let (state, fake) = (TempDir::new().unwrap(), Fake::default());
        let header = Header {
            run: "r1".to_owned(),
            host: host(),
            namespaces: vec!["shop".to_owned()],
            ..Header::unknown()
        };
        let journal = Journal::begin(state.path(), "k", header).unwrap();
        let (theirs, ours) = (json!({"hosts": ["cart"]}), json!({"hosts": ["cart"], "http": []}));
        let before = virtual_service("theirs", &theirs, &json!({}));
        let reference =
            |name: &str| ObjectRef::of(&virtual_service(name, &theirs, &json!({}))).unwrap();
        let added = Undo::Added { object: reference("added") };
        journal.intend(Scope::Scenario(0), "", added).unwrap();
        let object = reference("theirs");
        let changed = Undo::Changed { object, before: before.clone(), wrote: ours.clone() };
        journal.intend(Scope::Scenario(0), "", changed).unwrap();

        let label = json!({RUN_LABEL: "r1"});
        let added = virtual_service("added", &ours, &label);
        let is_healed = async || healed(&fake.cluster(), &journal).await.unwrap();
        fake.put(&format!("{PATH}/theirs"), before.clone());
        fake.put(&format!("{PATH}/added"), added);
        assert!(!is_healed().await, "what it added is still there");
        fake.remove(&format!("{PATH}/added"));
        assert!(is_healed().await);
        fake.put(&format!("{PATH}/theirs"), virtual_service("theirs", &ours, &json!({})));
        assert!(!is_healed().await, "what it changed is not given back");
        fake.put(&format!("{PATH}/theirs"), virtual_service("theirs", &theirs, &label));
        assert!(!is_healed().await, "its mark is still on it");
        fake.put(&format!("{PATH}/theirs"), before);
        fake.put(&format!("{PATH}/added"), virtual_service("added", &theirs, &json!({})));
        assert!(is_healed().await, "somebody else has made an object of that name");
    }
}
