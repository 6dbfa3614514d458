//! Cucumber's events as events of the run: the only file that knows both.

use cucumber::event::{self, Cucumber, RetryableScenario, StepError};
use cucumber::{Event, Writer, cli, gherkin, parser, writer};
use faultless::scenario::run::Sink;
use reports::{Event as Told, Outcome, ScenarioId};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::check::readable;
use crate::world::World;

/// Which scenario of the features is which of the run, and how each ended: shared between the
/// hooks, which make scenarios, and the narrator, which tells of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Register(Arc<Mutex<HashMap<Place, Entry>>>);

/// Where a scenario stands: file and line are enough to tell them apart.
pub(crate) type Place = (String, usize);

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: ScenarioId,
    outcome: Option<Outcome>,
}

/// Cucumber's writer: tells the run's stream what cucumber tells us.
pub(crate) struct Narrator {
    sink: Sink,
    register: Register,
    started: HashMap<ScenarioId, Instant>,
    step_started: HashMap<ScenarioId, Instant>,
}

// === impl Register ===

impl Register {
    /// The id of a scenario; a new one at its first mention.
    pub(crate) fn id(
        &self,
        feature: &gherkin::Feature,
        scenario: &gherkin::Scenario,
    ) -> ScenarioId {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ScenarioId(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        entries.entry(place(feature, scenario)).or_insert(Entry { id: next, outcome: None }).id
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
        if let Some(entry) = entries.get_mut(&place(feature, scenario)) {
            entry.outcome = Some(outcome);
        }
    }

    /// How all scenarios ended that began.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.values().map(|entry| entry.outcome.unwrap_or(Outcome::Broken)).collect()
    }

    fn outcome(&self, feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> Outcome {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&place(feature, scenario));
        entry.and_then(|entry| entry.outcome).unwrap_or(Outcome::Broken)
    }
}

pub(crate) fn place(feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> Place {
    (file(feature), scenario.position.line)
}

fn file(feature: &gherkin::Feature) -> String {
    feature.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
}

// === impl Narrator ===

impl Narrator {
    /// Tells into this stream.
    pub(crate) fn new(sink: Sink, register: Register) -> Self {
        Self { sink, register, started: HashMap::new(), step_started: HashMap::new() }
    }

    fn scenario(
        &mut self,
        feature: &gherkin::Feature,
        rule: Option<&gherkin::Rule>,
        scenario: &gherkin::Scenario,
        event: &event::Scenario<World>,
    ) {
        let id = self.register.id(feature, scenario);
        match event {
            event::Scenario::Started => {
                self.started.insert(id, Instant::now());
                let rule_tags = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
                let tags = feature.tags.iter().chain(rule_tags).chain(&scenario.tags);
                self.sink.tell(Told::ScenarioStarted {
                    scenario: id,
                    feature: feature.name.clone(),
                    file: file(feature),
                    line: u32::try_from(scenario.position.line).unwrap_or_default(),
                    name: scenario.name.clone(),
                    tags: tags.cloned().collect(),
                });
            }
            event::Scenario::Background(step, event) | event::Scenario::Step(step, event) => {
                self.step(id, step, event);
            }
            event::Scenario::Finished => self.sink.tell(Told::ScenarioFinished {
                scenario: id,
                outcome: self.register.outcome(feature, scenario),
                took_ms: took_ms(self.started.remove(&id)),
            }),
            event::Scenario::Hook(..) | event::Scenario::Log(_) => {}
        }
    }

    fn step(&mut self, id: ScenarioId, step: &gherkin::Step, event: &event::Step<World>) {
        let (outcome, message) = match event {
            event::Step::Started => {
                self.step_started.insert(id, Instant::now());
                self.sink.tell(Told::StepStarted {
                    scenario: id,
                    keyword: step.keyword.trim().to_owned(),
                    text: step.value.clone(),
                    line: u32::try_from(step.position.line).unwrap_or_default(),
                });
                return;
            }
            event::Step::Skipped => (Outcome::Skipped, None),
            event::Step::Passed(..) => (Outcome::Passed, None),
            event::Step::Failed(_, _, _, error) => (Outcome::Failed, Some(message(error))),
        };
        let took_ms = took_ms(self.step_started.remove(&id));
        self.sink.tell(Told::StepFinished { scenario: id, outcome, message, took_ms });
    }
}

impl Writer<World> for Narrator {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<Cucumber<World>>>, _: &Self::Cli) {
        let Ok(event) = event else { return };
        let Cucumber::Feature(feature, event) = event.into_inner() else { return };
        match event {
            event::Feature::Scenario(scenario, RetryableScenario { event, .. }) => {
                self.scenario(&feature, None, &scenario, &event);
            }
            event::Feature::Rule(rule, event::Rule::Scenario(scenario, retryable)) => {
                self.scenario(&feature, Some(&rule), &scenario, &retryable.event);
            }
            event::Feature::Started | event::Feature::Rule(..) | event::Feature::Finished => {}
        }
    }
}

impl writer::Normalized for Narrator {}
impl writer::NonTransforming for Narrator {}

fn message(error: &StepError) -> String {
    match error {
        StepError::Panic(info) => {
            let text = info
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| info.downcast_ref::<&str>().copied());
            readable(text.unwrap_or("the step panicked without a word"))
        }
        StepError::NotFound | StepError::AmbiguousMatch(_) => error.to_string(),
    }
}

fn took_ms(started: Option<Instant>) -> u64 {
    let took = started.map(|started| started.elapsed()).unwrap_or_default();
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
