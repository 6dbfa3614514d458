//! A scenario, folded from the records that carry its id.

use super::load::Load;
use super::step::{Claim, Step, changed};
use crate::event::{Event, Phase, Record, ScenarioId};
use crate::outcome::Outcome;

/// A scenario as far as its records tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// How often it had been tried before: one with the tag `@retry` begins again when it failed.
    pub attempt: u32,
    /// Name of its feature.
    pub feature: String,
    /// The feature's file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it began: wall-clock, and since the run's start.
    pub at: String,
    /// Milliseconds since the run's start when it began.
    pub started_ms: u64,
    /// Its steps so far.
    pub steps: Vec<Step>,
    /// The phases it entered: which, what exactly, and when since the run's start.
    pub phases: Vec<(Phase, String, u64)>,
    /// The last word about the piece of load that is or was sent last.
    pub load: Option<Load>,
    /// The pieces of load before that one, together.
    pub loaded: Load,
    /// What could not be put back, each with the command that would.
    pub left_behind: Vec<String>,
    /// What was put back, but not proven to be known by every proxy.
    pub unproven: Vec<String>,
    /// Outcome and how long it took; `None` if it did not end.
    pub finished: Option<(Outcome, u64)>,
}

// === impl Scenario ===

impl Scenario {
    /// Whether it began: one that did not has no time.
    #[must_use]
    pub fn begun(&self) -> bool {
        !self.at.is_empty()
    }

    /// How it ended; one that did not end is broken.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.finished.map_or(Outcome::Broken, |(outcome, _)| outcome)
    }

    /// How long it took; 0 if it did not end.
    #[must_use]
    pub fn took_ms(&self) -> u64 {
        self.finished.map_or(0, |(_, took)| took)
    }

    /// All load that was sent for it; nothing if there was none.
    #[must_use]
    pub fn all_load(&self) -> Option<Load> {
        let all = self.loaded.and(self.load.unwrap_or_default());
        (all != Load::default()).then_some(all)
    }

    /// `features/fault_injection.feature:12`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// `Fault injection: A delay is seen by its callers`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}: {}", self.feature, self.name)
    }

    /// The claims that were judged.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.steps.iter().flat_map(|step| &step.claims)
    }

    /// The step that is running, or one without a sentence for what happens outside of steps.
    fn current(&mut self, elapsed_ms: u64) -> &mut Step {
        let outside = self
            .steps
            .last()
            .is_none_or(|step| step.finished.is_some() && !step.keyword.is_empty());
        if outside {
            let sentence = "(outside of the steps)".to_owned();
            self.steps.push(Step::new((String::new(), sentence, self.line), elapsed_ms));
        }
        self.steps.last_mut().expect("one was just pushed if there was none")
    }

    /// Takes the next of its records in.
    pub(super) fn on(&mut self, record: &Record) {
        match record.event.clone() {
            Event::StepStarted { keyword, text, line, .. } => {
                self.steps.push(Step::new((keyword, text, line), record.elapsed_ms));
            }
            Event::StepFinished { outcome, message, took_ms, .. } => {
                if let Some(step) = self.steps.iter_mut().rev().find(|s| !s.keyword.is_empty()) {
                    step.finished = Some((outcome, message, took_ms));
                }
            }
            Event::PhaseEntered { phase, detail, .. } => {
                self.phases.push((phase, detail, record.elapsed_ms));
            }
            Event::Disturbed { objects, proxies, converged_ms, proof, warnings, .. } => {
                let step = self.current(record.elapsed_ms);
                step.changes.push(changed(&objects, proxies, converged_ms, &proof));
                step.warnings.extend(warnings);
            }
            Event::LoadChosen { load, why, .. } => {
                self.phases.push((Phase::Prepare, format!("{load}: {why}"), record.elapsed_ms));
            }
            Event::Starved { what, .. } => {
                let said = format!("the machine was starved: {what}");
                self.phases.push((Phase::Observe, said, record.elapsed_ms));
            }
            Event::LoadProgress {
                due, sent, done, in_flight, late, unsent, errors, ended, ..
            } => {
                let load = Load { due, sent, done, in_flight, late, unsent, errors };
                if ended {
                    self.loaded = self.loaded.and(load);
                }
                self.load = (!ended).then_some(load);
            }
            Event::Judged { outcome, claim, observer, numbers, proof, .. } => {
                let claim = Claim { outcome, text: claim, observer, numbers, proof };
                self.current(record.elapsed_ms).claims.push(claim);
            }
            Event::Restored { left_behind, unproven, .. } => {
                self.left_behind.extend(left_behind);
                self.unproven.extend(unproven);
            }
            Event::ScenarioFinished { outcome, took_ms, .. } => {
                self.finished = Some((outcome, took_ms));
            }
            Event::RunStarted { .. }
            | Event::TargetProgress { .. }
            | Event::Preflight { .. }
            | Event::ScenarioStarted { .. }
            | Event::Interrupted { .. }
            | Event::RunFinished { .. } => {}
        }
    }
}
