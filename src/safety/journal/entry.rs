//! A change and its undo. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::ObjectRef;

/// Whose change it is: it is restored when that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The run's: load agents, dead-man's switches.
    Run,
    /// A scenario's, by its place in the run.
    Scenario(u32),
}

/// The undo of one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// The object did not exist before: delete it, if it still is this run's.
    Added {
        /// Which.
        object: ObjectRef,
    },
    /// The object was there: give it back its `spec`, and take our marks off.
    Changed {
        /// Which.
        object: ObjectRef,
        /// The whole object as it was.
        before: Value,
        /// The `spec` that was about to be written; nothing else is overwritten.
        wrote: Value,
    },
    /// Pods were told something by `PUT`: tell them what they knew before.
    Put {
        /// How they are asked and told.
        endpoint: Endpoint,
        /// The names of the pods.
        pods: Vec<String>,
        /// What was true before, of each of them.
        before: Value,
        /// What they were about to be told; nothing else is overwritten.
        wrote: Value,
    },
}

// === impl Undo ===

impl Undo {
    /// The object it is about, if it is about one.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Added { object } | Self::Changed { object, .. } => Some(object),
            Self::Put { .. } => None,
        }
    }
}

/// A change that is not undone yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in the journal.
    pub id: u64,
    /// Whose it is.
    pub scope: Scope,
    /// The service it was done to, as `namespace/name of our object for it`.
    pub subject: String,
    /// How to undo it.
    pub undo: Undo,
    /// The `spec` as the API server stored it, once that is known.
    pub stored: Option<Value>,
    /// Which of this process's records announced it.
    pub(crate) place: u64,
}
