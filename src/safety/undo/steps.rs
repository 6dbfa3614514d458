//! What undoes a journal's entries: several changes of one object are one step. Pure.

use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::ObjectRef;
use crate::safety::journal::{Entry, Undo};

/// All that has to be undone in one go: several changes of one object are one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UndoStep {
    /// The entries that it undoes.
    pub(crate) ids: Vec<u64>,
    pub(crate) what: UndoAction,
}

/// What is done to undo it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum UndoAction {
    /// Delete it.
    Delete(ObjectRef),
    /// Give back `before`'s spec, if the spec now is one that we wrote.
    Revert { object: ObjectRef, before: Value, wrote: Vec<Value> },
    /// Tell the pods.
    Put { endpoint: Endpoint, pods: Vec<String>, before: Value, wrote: Vec<Value> },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UndoOutcome {
    /// Nothing of this change is left.
    Done,
    /// It cannot be undone by us, however often we try: why, and what a person can do.
    Stuck { why: String, command: String },
}

/// What undoes these entries, newest first.
pub(crate) fn undo_steps(entries: &[Entry]) -> Vec<UndoStep> {
    let mut undo_steps = Vec::<UndoStep>::new();
    for entry in entries.iter().rev() {
        match &entry.undo {
            Undo::Added { object } => {
                let what = UndoAction::Delete(object.clone());
                undo_steps.push(UndoStep { ids: vec![entry.id], what });
            }
            Undo::Changed { object, before, wrote } => {
                let mut specs = vec![wrote.clone()];
                specs.extend(entry.stored.clone());
                let earlier = undo_steps.iter_mut().find_map(|step| match &mut step.what {
                    UndoAction::Revert { object: other, before, wrote } if other == object => {
                        Some((&mut step.ids, before, wrote))
                    }
                    _ => None,
                });
                // The oldest record knows what was there before us.
                if let Some((ids, oldest, all)) = earlier {
                    ids.push(entry.id);
                    *oldest = before.clone();
                    all.extend(specs);
                } else {
                    let (object, before) = (object.clone(), before.clone());
                    let what = UndoAction::Revert { object, before, wrote: specs };
                    undo_steps.push(UndoStep { ids: vec![entry.id], what });
                }
            }
            Undo::Put { endpoint, pods, before, wrote } => {
                let earlier = undo_steps.iter_mut().find_map(|step| match &mut step.what {
                    UndoAction::Put { endpoint: other, pods, before, wrote }
                        if other == endpoint =>
                    {
                        Some((&mut step.ids, pods, before, wrote))
                    }
                    _ => None,
                });
                if let Some((ids, told, oldest, all)) = earlier {
                    ids.push(entry.id);
                    told.extend(pods.clone());
                    *oldest = before.clone();
                    all.push(wrote.clone());
                } else {
                    let (endpoint, pods) = (endpoint.clone(), pods.clone());
                    let (before, wrote) = (before.clone(), vec![wrote.clone()]);
                    let what = UndoAction::Put { endpoint, pods, before, wrote };
                    undo_steps.push(UndoStep { ids: vec![entry.id], what });
                }
            }
        }
    }
    undo_steps
}

// === impl UndoStep ===

impl UndoStep {
    /// The object it is about.
    pub(crate) const fn object(&self) -> Option<&ObjectRef> {
        match &self.what {
            UndoAction::Delete(object) | UndoAction::Revert { object, .. } => Some(object),
            UndoAction::Put { .. } => None,
        }
    }

    /// Of which kind the object is, or nothing.
    pub(crate) fn kind(&self) -> &str {
        self.object().map_or("", |object| &object.kind)
    }
}

impl std::fmt::Display for UndoAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Delete(object) => write!(f, "{object}"),
            Self::Revert { object, .. } => write!(f, "{object} (changed)"),
            Self::Put { endpoint, .. } => write!(f, "{endpoint}"),
        }
    }
}
