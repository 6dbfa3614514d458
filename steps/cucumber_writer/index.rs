//! Which scenario of the features is which of the run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cucumber::gherkin;
use reports::{Outcome, ScenarioId};

use crate::location::{Location, location};

/// Which scenario of the features is which of the run, and how each ended: shared between the
/// hooks, which make scenarios, and the writer, which tells of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScenarioIndex(Arc<Mutex<HashMap<Location, Entry>>>);

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: ScenarioId,
    outcome: Option<Outcome>,
}

// === impl ScenarioIndex ===

impl ScenarioIndex {
    /// The id of a scenario; a new one at its first mention.
    pub(crate) fn id(
        &self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
    ) -> ScenarioId {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ScenarioId(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        entries.entry(location(feature, scenario)).or_insert(Entry { id: next, outcome: None }).id
    }

    /// Notes how a scenario ended, after its restore.
    pub(crate) fn ended(
        &self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
        outcome: Outcome,
    ) {
        self.id(feature, scenario);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&location(feature, scenario)) {
            entry.outcome = Some(outcome);
        }
    }

    /// How all scenarios ended that began.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.values().map(|entry| entry.outcome.unwrap_or(Outcome::Broken)).collect()
    }

    /// How a scenario ended; one that did not is broken.
    pub(super) fn outcome(
        &self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
    ) -> Outcome {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&location(feature, scenario));
        entry.and_then(|entry| entry.outcome).unwrap_or(Outcome::Broken)
    }
}
