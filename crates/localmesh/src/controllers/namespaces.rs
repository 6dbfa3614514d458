//! Namespaces: a new one gets its default service account; one that is to be deleted is emptied
//! first. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::plan::{Action, Plan};
use super::snapshot::Snapshot;
use crate::kinds;
use crate::store::{Propagation, meta};

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    let with_account: BTreeSet<&str> = snapshot
        .of(&kinds::SERVICE_ACCOUNT)
        .iter()
        .filter(|account| meta::name(account) == "default")
        .map(|account| meta::namespace(account))
        .collect();
    for namespace in snapshot.of(&kinds::NAMESPACE) {
        let name = meta::name(namespace);
        if !meta::is_terminating(namespace) {
            if !with_account.contains(name) {
                let object = json!({"metadata": {"name": "default", "namespace": name}});
                plan.push(Action::Create { kind: &kinds::SERVICE_ACCOUNT, object });
            }
            continue;
        }
        let mut empty = true;
        for (_, object) in snapshot.all().filter(|(kind, _)| kind.namespaced) {
            if meta::namespace(object) != name {
                continue;
            }
            empty = false;
            if !meta::is_terminating(object) {
                let (object, propagation) = (Arc::clone(object), Propagation::Background);
                plan.push(Action::Delete { object, propagation });
            }
        }
        if empty && !meta::list(namespace, "/spec/finalizers").is_empty() {
            plan.push(Action::FinalizeNamespace { namespace: Arc::clone(namespace) });
        }
    }
}
