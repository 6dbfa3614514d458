//! What a scenario changed, taken back, and the proof that it is.

use std::time::Instant;

use reports::{Event, Outcome, Phase};

use crate::cluster::ObjectRef;
use crate::faults;
use crate::safety::{BlastRadius, Entry, Restored, Undo, WAVES, leftovers};
use crate::scenario::run::Run;
use crate::scenario::state::{QUIET, Scenario};

impl Scenario {
    /// Puts everything back and tells so. Never fails: what is left is in the event and in the
    /// outcome.
    pub async fn restore(&mut self) {
        let Some(run) = self.run.clone() else { return };
        let started = Instant::now();
        let longest_delay = faults::longest_delay(&self.objects());
        if self.changes_left(&run) > 0 {
            self.tell_phase(Phase::Restore, "putting everything back".to_owned());
        }
        let restored = self.take_back(&run, |_| true).await;
        let changed = self.give_back(&run).await;
        let workloads = self.take_workloads_away(&run, |_| true).await;
        let undone = restored.undone + changed.undone + workloads.undone;
        let mut left_behind = restored.left_behind;
        left_behind.extend(changed.left_behind);
        left_behind.extend(workloads.left_behind);
        let mut unproven = restored.unproven;
        unproven.extend(changed.unproven);
        unproven.extend(workloads.unproven);
        left_behind.extend(self.leftovers(&run).await);
        run.quiet_not_before(Instant::now() + longest_delay + QUIET);
        self.configurations.clear();
        self.raw.clear();
        if !left_behind.is_empty() {
            self.outcome = Outcome::LeftBehind;
        } else if !unproven.is_empty() && !matches!(self.outcome, Outcome::Broken | Outcome::Wrong)
        {
            self.outcome = Outcome::Unproven;
        }
        run.sink.emit(Event::Restored {
            scenario: self.id,
            undone,
            left_behind,
            unproven,
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

impl Scenario {
    /// Takes back what this scenario configured for these objects.
    pub(crate) async fn take_back(&self, run: &Run, which: impl Fn(&str) -> bool) -> Restored {
        let scope = self.scope();
        let istio = |entry: &Entry| {
            let kind = entry.undo.object().map_or("", |object| object.kind.as_str());
            WAVES.iter().any(|kinds| kinds.contains(&kind))
        };
        run.applier
            .restore(|entry| entry.scope == scope && istio(entry) && which(&entry.subject))
            .await
    }

    /// Everything else that this scenario added, newest first.
    pub(crate) fn workloads_added(&self, run: &Run) -> Vec<ObjectRef> {
        let scope = self.scope();
        let entries = run.applier.entries(scope);
        let added = entries.into_iter().rev().filter_map(|entry| match entry.undo {
            Undo::Added { object } => Some(object),
            Undo::Changed { .. } | Undo::Put { .. } => None,
        });
        added.filter(|object| !WAVES.iter().any(|kinds| kinds.contains(&&*object.kind))).collect()
    }

    /// What is not as it was before this scenario.
    pub(crate) async fn leftovers(&mut self, run: &Run) -> Vec<String> {
        let Some(before) = self.before.take() else { return Vec::new() };
        match BlastRadius::of(&run.application) {
            Ok(radius) => leftovers(&run.cluster, &radius, &run.id, &before, None).await,
            Err(error) => vec![error.to_string()],
        }
    }

    /// How many changes of this scenario are not undone.
    pub(crate) fn changes_left(&self, run: &Run) -> u32 {
        let scope = self.scope();
        let left = run.applier.entries(scope);
        u32::try_from(left.len()).unwrap_or(u32::MAX)
    }
}
