//! The applier: whatever a run writes, it writes with this. What is not there is added, what is
//! there is changed (`rewrite`), each only after the journal knows how to undo it; and what it
//! wrote it takes back.

use serde_json::{Value, json};

use crate::cluster::{Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::deadman::{DeadMan, Switch};
use crate::safety::in_flight::InFlight;
use crate::safety::journal::{Entry, Journal, Scope, Undo};
use crate::safety::labels::RUN_LABEL;
use crate::safety::restore::{Restored, restore};
use crate::safety::undo::undo_steps;
use crate::safety::watchdog::Watchdogs;
use crate::safety::waves::WAVES;

/// What a run writes with.
#[derive(Debug, Clone)]
pub struct Applier {
    pub(super) run: String,
    pub(super) cluster: Cluster,
    pub(super) journal: Journal,
    pub(super) dead_man: DeadMan,
    pub(super) watchdogs: Watchdogs,
    pub(super) adopt: bool,
    /// Writes whose answer is still to come.
    pub(super) in_flight: InFlight,
}

// === impl Applier ===

impl Applier {
    pub(crate) fn new(
        run: String,
        cluster: Cluster,
        journal: Journal,
        dead_man: DeadMan,
        watchdogs: Watchdogs,
        adopt: bool,
    ) -> Self {
        Self { run, cluster, journal, dead_man, watchdogs, adopt, in_flight: InFlight::default() }
    }

    /// Does work until `stop`, and answers nothing then; a write that is under way is waited for.
    pub(crate) async fn until<T>(
        &self,
        stop: impl Future<Output = ()>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        self.in_flight.until(stop, work).await
    }

    /// A write. An answer that says no may have been lost on the way from a server that did it, so
    /// the object itself is asked: `is_so` tells whether it is what this run wrote.
    pub(crate) async fn written(
        &self,
        name: &ObjectRef,
        write: impl Future<Output = Result<Value>>,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let _in_flight = self.in_flight.begin();
        let error = match write.await {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        };
        let label = |now: &Value| {
            now.pointer("/metadata/labels").is_some_and(|labels| labels[RUN_LABEL] == *self.run)
        };
        match self.cluster.get(name).await {
            Ok(Some(now)) if label(&now) && is_so(&now) => Ok(now),
            Ok(_) | Err(_) => Err(error),
        }
    }

    /// Adds an object that is not there yet, owned by the dead-man's switch.
    pub(crate) async fn add(&self, scope: Scope, subject: &str, object: &Value) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let owner = self.owner(&name.namespace, Switch::of(&name.kind)).await?;
        self.add_owned(scope, subject, object, owner).await
    }

    /// The reference to the dead-man's switch that is to own an object.
    pub(crate) async fn owner(&self, namespace: &str, switch: Switch) -> Result<Option<Value>> {
        self.dead_man.owner(&self.cluster, &self.journal, namespace, switch).await
    }

    /// Adds an object that is not there yet, owned as said.
    pub(crate) async fn add_owned(
        &self,
        scope: Scope,
        subject: &str,
        object: &Value,
        owner: Option<Value>,
    ) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let mut object = object.clone();
        if let Some(owner) = owner {
            object["metadata"]["ownerReferences"] = json!([owner]);
        }
        self.dead_man.check()?;
        let id = self.journal.intend(scope, subject, Undo::Added { object: name.clone() })?;
        let stored = self.written(&name, self.cluster.create(&object), |_| true).await?;
        self.journal.done(id, stored.get("spec"));
        Ok(stored)
    }

    /// Whether an entry is of something that was changed and is none of Istio's: a Deployment, or
    /// what pods were told.
    pub(crate) fn is_other(entry: &Entry) -> bool {
        match &entry.undo {
            Undo::Added { .. } => false,
            Undo::Changed { object, .. } => {
                !WAVES.iter().any(|kinds| kinds.contains(&&*object.kind))
            }
            Undo::Put { .. } => true,
        }
    }

    /// The entries of a scope that are of such changes.
    pub(crate) fn others_changed(&self, scope: Scope) -> Vec<Entry> {
        self.journal.entries(|entry| entry.scope == scope && Self::is_other(entry))
    }

    /// What of a scope is not undone yet, oldest first.
    pub(crate) fn entries(&self, scope: Scope) -> Vec<Entry> {
        self.journal.entries(|entry| entry.scope == scope)
    }

    /// What is not undone, for whoever has to leave at once.
    #[must_use]
    pub fn still_open(&self) -> Vec<String> {
        undo_steps(&self.journal.entries(|_| true))
            .iter()
            .map(|step| step.what.to_string())
            .collect()
    }

    /// Undoes what is selected: VirtualServices before the DestinationRules they name, with the
    /// barrier between. Never stops at the first that fails.
    pub(crate) async fn restore(&self, which: impl Fn(&Entry) -> bool) -> Restored {
        let tell = |_: &str| {};
        restore(&self.cluster, &self.journal, which, &tell).await
    }
}
