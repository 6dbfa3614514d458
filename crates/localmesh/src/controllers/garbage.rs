//! The garbage collector: what has lost all its owners goes, and whoever deletes an owner may say
//! that the dependents go first (`Foreground`) or stay (`Orphan`). Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::plan::{Action, Plan};
use super::read;
use super::snapshot::Snapshot;
use crate::store::{FOREGROUND, ORPHAN, Object, Propagation, meta};

/// How an owner that a dependent names is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// There, or of a kind nobody here knows: the dependent stays.
    Solid,
    /// Waits for its dependents to go first.
    Waiting,
    /// Gone, of another uid, or in another namespace.
    Absent,
}

pub(super) fn reconcile(snapshot: &Snapshot, plan: &mut Plan) {
    let by_uid: BTreeMap<&str, &Arc<Object>> =
        snapshot.all().map(|(_, object)| (meta::uid(object), object)).collect();
    let mut owned: BTreeSet<&str> = BTreeSet::new();
    let mut blocked: BTreeSet<&str> = BTreeSet::new();
    let mut orphaned: BTreeSet<&str> = BTreeSet::new();
    for (_, object) in snapshot.all() {
        for reference in meta::list(object, "/metadata/ownerReferences") {
            let uid = meta::text(reference, "/uid");
            owned.insert(uid);
            if reference["blockOwnerDeletion"] == json!(true) {
                blocked.insert(uid);
            }
            if by_uid.get(uid).is_some_and(|owner| waits_with(owner, ORPHAN)) {
                orphaned.insert(uid);
            }
        }
    }
    for (_, object) in snapshot.all() {
        collect(object, &by_uid, &owned, plan);
        if waits_with(object, FOREGROUND) && !blocked.contains(meta::uid(object)) {
            remove_finalizer(object, FOREGROUND, plan);
        }
        if waits_with(object, ORPHAN) && !orphaned.contains(meta::uid(object)) {
            remove_finalizer(object, ORPHAN, plan);
        }
    }
}

fn waits_with(object: &Value, finalizer: &str) -> bool {
    meta::is_terminating(object)
        && meta::list(object, "/metadata/finalizers").iter().any(|held| held == finalizer)
}

/// Deletes an object without owners, or takes away references to owners it has lost.
fn collect(
    object: &Arc<Object>,
    by_uid: &BTreeMap<&str, &Arc<Object>>,
    owned: &BTreeSet<&str>,
    plan: &mut Plan,
) {
    let references = meta::list(object, "/metadata/ownerReferences");
    if references.is_empty() {
        return;
    }
    let is_let_go = |reference: &Value| {
        by_uid.get(meta::text(reference, "/uid")).is_some_and(|owner| waits_with(owner, ORPHAN))
    };
    let states: Vec<Owner> =
        references.iter().map(|reference| state(object, reference, by_uid)).collect();
    let solid = states.contains(&Owner::Solid);
    if !solid && !meta::is_terminating(object) {
        // Dependents of its own go before it when somebody waits for it to go.
        let chain = states.contains(&Owner::Waiting) && owned.contains(meta::uid(object));
        let propagation = if chain { Propagation::Foreground } else { Propagation::Background };
        plan.push(Action::Delete { object: Arc::clone(object), propagation });
        return;
    }
    let kept: Vec<&Value> = references
        .iter()
        .zip(&states)
        .filter(|(reference, state)| **state == Owner::Solid && !is_let_go(reference))
        .map(|(reference, _)| reference)
        .collect();
    if solid && kept.len() < references.len() {
        let mut changed = (**object).clone();
        let metadata = meta::metadata(&mut changed);
        if kept.is_empty() {
            metadata.shift_remove("ownerReferences");
        } else {
            metadata.insert("ownerReferences".to_owned(), json!(kept));
        }
        plan.push(Action::Update { object: changed });
    }
}

fn state(object: &Value, reference: &Value, by_uid: &BTreeMap<&str, &Arc<Object>>) -> Owner {
    let kind =
        read::find_kind(meta::text(reference, "/apiVersion"), meta::text(reference, "/kind"));
    let Some(kind) = kind else { return Owner::Solid };
    let Some(owner) = by_uid.get(meta::text(reference, "/uid")) else { return Owner::Absent };
    let same = read::kind_of(owner) == Some(kind)
        && meta::name(owner) == meta::text(reference, "/name")
        && (!kind.namespaced || meta::namespace(owner) == meta::namespace(object));
    if !same {
        Owner::Absent
    } else if waits_with(owner, FOREGROUND) {
        Owner::Waiting
    } else {
        Owner::Solid
    }
}

fn remove_finalizer(object: &Value, finalizer: &str, plan: &mut Plan) {
    let mut changed = object.clone();
    let kept: Vec<&Value> = meta::list(object, "/metadata/finalizers")
        .iter()
        .filter(|held| *held != finalizer)
        .collect();
    meta::metadata(&mut changed).insert("finalizers".to_owned(), json!(kept));
    plan.push(Action::Update { object: changed });
}
