//! The scenarios, run by cucumber: what is around each of them is here.

use std::sync::{Mutex, PoisonError};

use cucumber::event::ScenarioFinished;
use cucumber::{Cucumber, cli, gherkin, parser, runner};
use faultless::scenario::{Scenario, Sink};
use futures::FutureExt as _;
use futures::stream;
use reports::Outcome;

use crate::check;
use crate::check::ScenarioPlans;
use crate::cucumber_writer::{CucumberWriter, ScenarioIndex};
use crate::lanes::Lanes;
use crate::location::location;
use crate::world::World;

/// Features that are parsed already, as cucumber wants to be given them.
struct Parsed(Vec<gherkin::Feature>);

/// Runs the scenarios, as many at once as there are lanes; answers how each ended. Scenarios
/// whose delays outlast them come last, because what is looked at after them waits for that.
pub(super) async fn scenarios(
    features: Vec<gherkin::Feature>,
    plans: ScenarioPlans,
    lanes: &Lanes,
    sink: Sink,
) -> Vec<Outcome> {
    let features = check::quiet_first(features, &plans);
    let plans = Mutex::new(plans);
    let index = ScenarioIndex::default();
    let writer = CucumberWriter::new(sink, index.clone());
    let (begins, ends) = (index.clone(), index.clone());
    let (takes, gives) = (lanes.pool(), lanes.pool());
    let options = cli::Opts {
        re_filter: None,
        tags_filter: None,
        parser: cli::Empty,
        runner: runner::basic::Cli::default(),
        writer: cli::Empty,
        custom: cli::Empty,
    };
    let runner = runner::Basic::default()
        .steps(World::steps())
        .max_concurrent_scenarios(lanes.count())
        .before(move |feature, _, scenario, world| {
            let id = begins.id(feature, scenario);
            let mut plans = plans.lock().unwrap_or_else(PoisonError::into_inner);
            let plan = plans.remove(&location(feature, scenario)).unwrap_or_default();
            let (pool, file) = (takes.clone(), feature.path.clone());
            async move {
                world.file = file;
                world.lane = pool.take().await;
                world.scenario = world.lane.clone().map(|run| Scenario::begin(run, id, plan));
            }
            .boxed_local()
        })
        .after(move |feature, _, scenario, finished, world| {
            let (ends, pool) = (ends.clone(), gives.clone());
            let broke = !matches!(finished, ScenarioFinished::StepPassed);
            async move {
                let mut outcome = Outcome::Broken;
                if let Some(world) = world {
                    if let Some(scenario) = &mut world.scenario {
                        if broke {
                            scenario.broke();
                        }
                        scenario.restore().await;
                        outcome = scenario.outcome();
                    }
                    if let Some(lane) = world.lane.take() {
                        pool.give(lane);
                    }
                }
                ends.ended(feature, scenario, outcome);
            }
            .boxed_local()
        });
    Cucumber::<_, _, _, _, _, cli::Empty>::custom(Parsed(features), runner, writer)
        .with_cli(options)
        .run(())
        .await;
    index.outcomes()
}

// === impl Parsed ===

impl parser::Parser<()> for Parsed {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<gherkin::Feature>>>;

    fn parse(self, (): (), _: cli::Empty) -> Self::Output {
        stream::iter(self.0.into_iter().map(Ok).collect::<Vec<_>>())
    }
}
