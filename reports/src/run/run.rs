//! The whole run, as its stream of events tells it: what was planned, how it went, what is left.

use std::collections::HashMap;

use super::load::Load;
use super::scenario::Scenario;
use crate::event::{Event, Record, ScenarioId};
use crate::outcome::Outcome;
use crate::suite;
use crate::wording;

/// A run as far as its records tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Version of Faultless.
    pub version: String,
    /// What it ran against.
    pub target: String,
    /// How many scenarios were to run.
    pub planned: u32,
    /// Whether their changes were withheld: then none of them may pass.
    pub placebo: bool,
    /// The features that were to run; empty in records of version 0.1.0.
    pub suite: Vec<suite::Feature>,
    /// When it began, as its first record says.
    pub started_at: String,
    /// In the order they began.
    pub scenarios: Vec<Scenario>,
    /// What was still in the mesh when the whole run had ended.
    pub left_behind: Vec<String>,
    /// The signal that stopped it.
    pub interrupted: Option<String>,
    /// How it ended; `None` if the records stop before.
    pub finished: Option<Finished>,
    /// Milliseconds since its start at the last record.
    pub elapsed_ms: u64,
    /// How often each scenario began.
    pub(crate) tries: HashMap<ScenarioId, u32>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The process's exit code.
    pub exit_code: u8,
    /// What ended it, if no scenario says so.
    pub problem: Option<String>,
    /// How long it took.
    pub took_ms: u64,
}

// === impl Run ===

impl Run {
    /// Folds a whole stream.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let mut run = Self::default();
        for record in records {
            run.on(record);
        }
        run
    }

    /// The scenario with an id.
    #[must_use]
    pub fn scenario(&self, id: ScenarioId) -> Option<&Scenario> {
        self.scenarios.iter().rev().find(|scenario| scenario.id == id)
    }

    /// How many scenarios ended (or, at the run's end, did not end) with an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.scenarios.iter().filter(|scenario| scenario.outcome() == outcome).count() as u64
    }

    /// How many scenarios there are, those that never began included.
    #[must_use]
    pub fn total(&self) -> u64 {
        (self.scenarios.len() as u64).max(u64::from(self.planned))
    }

    /// What its exit code means; `None` if it did not end.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        let code = self.finished.as_ref()?.exit_code;
        Some(wording::exit_code(code, self.placebo))
    }

    /// Takes the next record in. A record of a scenario that never began is passed over.
    pub fn on(&mut self, record: &Record) {
        self.elapsed_ms = record.elapsed_ms;
        match record.event.clone() {
            Event::RunStarted { run, version, target, scenarios, placebo, suite } => {
                (self.id, self.version, self.target) = (run, version, target);
                (self.planned, self.placebo, self.suite) = (scenarios, placebo, suite);
                self.started_at.clone_from(&record.at);
            }
            Event::TargetProgress { what } => {
                self.left_behind.extend(remains(&what).map(str::to_owned));
            }
            // What it did without is in the record, for whoever asks why.
            Event::Preflight { .. } => {}
            Event::ScenarioStarted { scenario, feature, file, line, name, tags } => {
                let tries = self.tries.entry(scenario).or_default();
                let attempt = *tries;
                *tries = tries.saturating_add(1);
                self.scenarios.push(Scenario {
                    id: scenario,
                    attempt,
                    feature,
                    file,
                    line,
                    name,
                    tags,
                    at: record.at.clone(),
                    started_ms: record.elapsed_ms,
                    steps: Vec::new(),
                    phases: Vec::new(),
                    load: None,
                    loaded: Load::default(),
                    left_behind: Vec::new(),
                    unproven: Vec::new(),
                    finished: None,
                });
            }
            Event::Interrupted { signal } => self.interrupted = Some(signal),
            Event::RunFinished { exit_code, problem, took_ms } => {
                self.finished = Some(Finished { exit_code, problem, took_ms });
            }
            Event::StepStarted { scenario, .. }
            | Event::StepFinished { scenario, .. }
            | Event::PhaseEntered { scenario, .. }
            | Event::Disturbed { scenario, .. }
            | Event::LoadChosen { scenario, .. }
            | Event::Starved { scenario, .. }
            | Event::LoadProgress { scenario, .. }
            | Event::Judged { scenario, .. }
            | Event::Restored { scenario, .. }
            | Event::ScenarioFinished { scenario, .. } => {
                let found = self.scenarios.iter_mut().rev().find(|known| known.id == scenario);
                if let Some(scenario) = found {
                    scenario.on(record);
                }
            }
        }
    }
}

/// What a run says that it leaves behind as a whole. It has no event of its own.
pub(crate) fn remains(progress: &str) -> Option<&str> {
    progress.strip_prefix("left behind: ")
}
