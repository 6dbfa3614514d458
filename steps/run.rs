//! `faultless run`: from arguments to an exit code. Features are tried for sense, a target is made
//! ready, scenarios run between the one `before` and the one `after` hook, and everything is put
//! back whichever way it ends.

mod capacity;
mod lanes;
pub(crate) mod recorder;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use cucumber::event::ScenarioFinished;
use cucumber::{Cucumber, cli, gherkin, parser, runner};
use faultless::error::{Blame, ExitCode, Result};
use faultless::scenario::Scenario;
use faultless::scenario::application::Application;
use faultless::scenario::changes::Changes;
use faultless::scenario::guard::Protection;
use faultless::scenario::room::Room;
use faultless::scenario::run::{Carries, Options, Patience, Run, Sink};
use futures::{FutureExt as _, stream};
use reports::{Event, Outcome};
use tokio_util::sync::CancellationToken;

use self::lanes::{Lanes, Place, Plan};
use self::recorder::Recorder;
use crate::check::{self, Checked, Outlooks, Problem};
use crate::cli::RunArgs;
use crate::features::Suite;
use crate::narrator::{Narrator, Register, place};
use crate::shows;
use crate::signals::{Asked, Signals};
use crate::world::World;

/// How often the clock on a terminal moves.
const TICK: Duration = Duration::from_millis(500);

/// Features that are parsed already, as cucumber wants to be given them.
struct Parsed(Vec<gherkin::Feature>);

/// Runs; answers the process's exit code.
pub(crate) async fn run(args: RunArgs) -> Result<u8> {
    let suite = Suite::read(&args.features)?;
    let application = Arc::new(suite.application.clone());
    let patience = Patience { confidence: args.confidence, max_load_time: args.max_load_time };
    let checked = check::walk(&suite.features, &application, patience).await;
    let Checked { problems, warnings: _, unsupported, outlooks } = checked;
    if !problems.is_empty() {
        return Err(check::refusal(&problems));
    }
    let mut signals = Signals::listen()?;
    let recorder = Recorder::open(&args.out, args.verbose)?;
    let sink = recorder.sink();
    let started = Instant::now();
    let stop = CancellationToken::new();
    let hands = OnceLock::new();
    let scenarios = (suite, outlooks, unsupported);
    let work = conduct(&args, scenarios, application, sink.clone(), stop.clone(), &hands);
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(TICK);
    let mut asked: Option<Asked> = None;
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            _ = tick.tick() => recorder.tick(),
            signal = signals.next() => {
                if asked.is_some() {
                    give_up(hands.get(), args.context.is_some());
                    return Ok(signal.exit_code());
                }
                asked = Some(signal);
                sink.tell(Event::Interrupted { signal: signal.name().to_owned() });
                stop.cancel();
            }
        }
    };
    let code = match (&ended, asked) {
        (Ok(Ended { left_behind: true, .. }), _) => 4,
        (Err(error), _) if error.blame() == Blame::LeftBehind => 4,
        (_, Some(signal)) => signal.exit_code(),
        (Ok(ended), None) => exit_code(&ended.outcomes, args.placebo),
        (Err(error), None) => error.exit_code() as u8,
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let problem = ended.as_ref().err().map(ToString::to_string);
    sink.tell(Event::RunFinished { exit_code: code, problem, took_ms });
    // The summary is about the scenarios; what ended the run is said here, once.
    if let Err(error) = &ended {
        shows::error(error);
    }
    let unwritten = recorder.close();
    for error in &unwritten {
        shows::error(error);
    }
    // A record that is not whole is trouble of its own, and never hides the run's.
    Ok(if code == 0 && !unwritten.is_empty() { ExitCode::Broken as u8 } else { code })
}

/// Says what a second signal leaves undone. A mesh of the run's own ends with it.
fn give_up(hands: Option<&Vec<Changes>>, outlives: bool) {
    shows::note("stopped by a second signal");
    let open: Vec<_> = hands.into_iter().flatten().flat_map(Changes::still_open).collect();
    if open.is_empty() || !outlives {
        return;
    }
    shows::note("not undone:");
    for what in open {
        shows::note(&format!("  {what}"));
    }
    shows::note("the journal remains: `faultless recover` finishes it");
}

/// How a run ended.
struct Ended {
    outcomes: Vec<Outcome>,
    left_behind: bool,
}

/// Makes the target ready, runs everything, and puts the target back.
async fn conduct(
    args: &RunArgs,
    (suite, outlooks, unsupported): (Suite, Outlooks, Vec<Problem>),
    application: Arc<Application>,
    sink: Sink,
    stop: CancellationToken,
    hands: &OnceLock<Vec<Changes>>,
) -> Result<Ended> {
    let id = Run::new_id();
    let mut target = args.context.clone().unwrap_or_else(|| "a local mesh".to_owned());
    if args.no_dead_man {
        target.push_str(" (unprotected: --no-dead-man)");
    }
    sink.tell(Event::RunStarted {
        run: id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target,
        scenarios: suite.scenarios(),
        placebo: args.placebo,
    });
    // The warnings of Istio itself come with each change.
    for what in unsupported.iter().filter(|_| args.context.is_none()) {
        sink.tell(Event::TargetProgress { what: what.brief() });
    }
    let options = Options {
        confidence: args.confidence,
        max_load_time: args.max_load_time,
        placebo: args.placebo,
    };
    let place = match &args.context {
        Some(name) => Place::Context { name: name.clone(), kubeconfig: args.kubeconfig.clone() },
        None => Place::Local {
            lanes: args.lanes.map_or_else(|| capacity::lanes_for(suite.scenarios()), usize::from),
            envoy: args.envoy.clone(),
        },
    };
    let protection = Protection {
        dead_man: (!args.no_dead_man).then(|| args.dead_man.duration()),
        wait: args.wait.map(faultless::units::Span::duration).unwrap_or_default(),
        adopt: args.adopt,
        recover: args.recover,
    };
    let (room, carries) = (Room::default(), Carries::default());
    let plan =
        Plan { id, application, options, protection, sink: sink.clone(), stop, room, carries };
    let lanes = Lanes::open(&place, &plan).await?;
    let _ = hands.set(lanes.changes());
    let outcomes = lanes.kept(scenarios(suite.features, outlooks, &lanes, sink.clone())).await;
    let lost = lanes.lost();
    let doubt = outcomes.contains(&Outcome::LeftBehind);
    let left = lanes.close(doubt).await;
    for what in &left {
        sink.tell(Event::TargetProgress { what: format!("left behind: {what}") });
    }
    let left_behind = !left.is_empty();
    if doubt && !left_behind {
        let what = "what a scenario left behind is undone by now, and nothing of it is left";
        sink.tell(Event::TargetProgress { what: what.to_owned() });
    }
    if let Some(lost) = lost
        && !left_behind
    {
        return Err(lost);
    }
    Ok(Ended { outcomes, left_behind })
}

/// Runs the scenarios, as many at once as there are lanes; answers how each ended. Scenarios
/// whose delays outlast them come last, because what is looked at after them waits for that.
async fn scenarios(
    features: Vec<gherkin::Feature>,
    outlooks: Outlooks,
    lanes: &Lanes,
    sink: Sink,
) -> Vec<Outcome> {
    let features = check::quiet_first(features, &outlooks);
    let outlooks = Mutex::new(outlooks);
    let register = Register::default();
    let narrator = Narrator::new(sink, register.clone());
    let (begins, ends) = (register.clone(), register.clone());
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
            let mut outlooks = outlooks.lock().unwrap_or_else(PoisonError::into_inner);
            let outlook = outlooks.remove(&place(feature, scenario)).unwrap_or_default();
            let pool = takes.clone();
            async move {
                world.lane = pool.take().await;
                world.scenario = world.lane.clone().map(|run| Scenario::begin(run, id, outlook));
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
    Cucumber::<_, _, _, _, _, cli::Empty>::custom(Parsed(features), runner, narrator)
        .with_cli(options)
        .run(())
        .await;
    register.outcomes()
}

/// The worst of all outcomes decides. A placebo run is good when nothing passed.
fn exit_code(outcomes: &[Outcome], placebo: bool) -> u8 {
    let code = |outcome: &Outcome| match outcome {
        Outcome::Passed => u8::from(placebo),
        Outcome::Skipped => 0,
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => u8::from(!placebo),
        Outcome::Wrong => 2,
        // What is left at the run's end is known by then; a scenario whose remains were undone
        // later has troubled the next ones.
        Outcome::Broken | Outcome::LeftBehind => 3,
    };
    outcomes.iter().map(code).max().unwrap_or_default()
}

impl parser::Parser<()> for Parsed {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<gherkin::Feature>>>;

    fn parse(self, (): (), _: cli::Empty) -> Self::Output {
        stream::iter(self.0.into_iter().map(Ok).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_outcome_decides() {
        use Outcome::{Broken, Failed, Inconclusive, LeftBehind, Passed, Skipped, Vacuous, Wrong};
        assert_eq!(exit_code(&[Passed, Passed], false), 0);
        assert_eq!(exit_code(&[Passed, Inconclusive], false), 1);
        assert_eq!(exit_code(&[Vacuous, Skipped], false), 1);
        assert_eq!(exit_code(&[Failed, Wrong], false), 2);
        assert_eq!(exit_code(&[Failed, Broken, Passed], false), 3);
        assert_eq!(exit_code(&[LeftBehind, Failed], false), 3);
        assert_eq!(exit_code(&[Failed, Inconclusive], true), 0);
        assert_eq!(exit_code(&[Failed, Passed], true), 1);
        assert_eq!(exit_code(&[Failed, Broken], true), 3);
    }
}
