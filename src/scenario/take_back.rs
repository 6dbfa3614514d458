//! What a scenario changed, taken back, and the proof that it is.

use crate::cluster::ObjectRef;
use crate::safety::{Entry, Ground, Restored, Undo, WAVES, stains};
use crate::scenario::Scenario;
use crate::scenario::run::Run;

impl Scenario {
    /// Takes back what this scenario configured for these objects.
    pub(crate) async fn take_back(&self, run: &Run, which: impl Fn(&str) -> bool) -> Restored {
        let scope = self.scope();
        let istio = |entry: &Entry| {
            let kind = entry.undo.object().map_or("", |object| object.kind.as_str());
            WAVES.iter().any(|kinds| kinds.contains(&kind))
        };
        run.changes
            .restore(|entry| entry.scope == scope && istio(entry) && which(&entry.subject))
            .await
    }

    /// Everything else that this scenario added, newest first.
    pub(crate) fn workloads_added(&self, run: &Run) -> Vec<ObjectRef> {
        let scope = self.scope();
        let entries = run.changes.journal.entries(|entry| entry.scope == scope);
        let added = entries.into_iter().rev().filter_map(|entry| match entry.undo {
            Undo::Added { object } => Some(object),
            Undo::Changed { .. } | Undo::Put { .. } => None,
        });
        added.filter(|object| !WAVES.iter().any(|kinds| kinds.contains(&&*object.kind))).collect()
    }

    /// What is not as it was before this scenario.
    pub(crate) async fn stains(&mut self, run: &Run) -> Vec<String> {
        let Some(before) = self.before.take() else { return Vec::new() };
        match Ground::of(&run.application) {
            Ok(ground) => stains(&run.cluster, &ground, &run.id, &before, None).await,
            Err(error) => vec![error.to_string()],
        }
    }

    /// How many changes of this scenario are not undone.
    pub(crate) fn changes_left(&self, run: &Run) -> u32 {
        let scope = self.scope();
        let left = run.changes.journal.entries(|entry| entry.scope == scope);
        u32::try_from(left.len()).unwrap_or(u32::MAX)
    }
}
