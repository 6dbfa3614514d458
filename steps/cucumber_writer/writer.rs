//! The writer: tells the run what cucumber tells it.

use std::collections::HashMap;
use std::time::Instant;

use cucumber::event::{Cucumber, RetryableScenario, StepError};
use cucumber::{Event, Writer, cli, event, gherkin, parser, writer};
use faultless::scenario::Sink;
use reports::Event as Told;
use reports::{Outcome, ScenarioId};

use super::index::ScenarioIndex;
use crate::location::file;
use crate::panic_text;
use crate::world::World;

/// Cucumber's writer: tells the run's stream what cucumber tells us.
pub(crate) struct CucumberWriter {
    sink: Sink,
    index: ScenarioIndex,
    started: HashMap<ScenarioId, Instant>,
    step_started: HashMap<ScenarioId, Instant>,
}

// === impl CucumberWriter ===

impl CucumberWriter {
    /// Tells into this stream.
    pub(crate) fn new(sink: Sink, index: ScenarioIndex) -> Self {
        Self { sink, index, started: HashMap::new(), step_started: HashMap::new() }
    }

    fn scenario(
        &mut self,
        feature: &gherkin::Feature,
        rule: Option<&gherkin::Rule>,
        scenario: &gherkin::Scenario,
        event: &event::Scenario<World>,
    ) {
        let id = self.index.id(feature, scenario);
        match event {
            event::Scenario::Started => {
                self.started.insert(id, Instant::now());
                let rule_tags = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
                let tags = feature.tags.iter().chain(rule_tags).chain(&scenario.tags);
                self.sink.emit(Told::ScenarioStarted {
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
            event::Scenario::Finished => self.sink.emit(Told::ScenarioFinished {
                scenario: id,
                outcome: self.index.outcome(feature, scenario),
                took_ms: took_ms(self.started.remove(&id)),
            }),
            event::Scenario::Hook(..) | event::Scenario::Log(_) => {}
        }
    }

    fn step(&mut self, id: ScenarioId, step: &gherkin::Step, event: &event::Step<World>) {
        let (outcome, message) = match event {
            event::Step::Started => {
                self.step_started.insert(id, Instant::now());
                self.sink.emit(Told::StepStarted {
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
        self.sink.emit(Told::StepFinished { scenario: id, outcome, message, took_ms });
    }
}

impl Writer<World> for CucumberWriter {
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

impl writer::Normalized for CucumberWriter {}
impl writer::NonTransforming for CucumberWriter {}

fn message(error: &StepError) -> String {
    match error {
        StepError::Panic(info) => panic_text::of(&**info, "the step panicked without a word"),
        StepError::NotFound | StepError::AmbiguousMatch(_) => error.to_string(),
    }
}

fn took_ms(started: Option<Instant>) -> u64 {
    let took = started.map(|started| started.elapsed()).unwrap_or_default();
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
