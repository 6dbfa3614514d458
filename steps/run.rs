//! `faultless run`: from arguments to an exit code. Features are tried for sense, a target is made
//! ready, scenarios run between the one `before` and the one `after` hook, and everything is put
//! back whichever way it ends.

mod recorder;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use cucumber::event::ScenarioFinished;
use cucumber::{Cucumber, cli, gherkin, parser, runner};
use faultless::error::{Blame, Error, Result};
use faultless::scenario::Scenario;
use faultless::scenario::agents::Agents;
use faultless::scenario::application::Application;
use faultless::scenario::changes::Changes;
use faultless::scenario::guard::{Guard, Protection};
use faultless::scenario::run::{Options, Run, Sink};
use faultless::target::{LocalMesh, Target};
use futures::{FutureExt as _, stream};
use reports::{Event, Outcome};
use tokio_util::sync::CancellationToken;

use self::recorder::Recorder;
use crate::check;
use crate::cli::RunArgs;
use crate::features::Suite;
use crate::narrator::{Narrator, Register};
use crate::shows;
use crate::signals::{Asked, Signals};
use crate::world::World;

/// How often the clock on a terminal moves.
const TICK: Duration = Duration::from_millis(500);

/// Features that are parsed already, as cucumber wants to be given them.
struct Parsed(Vec<gherkin::Feature>);

/// Runs; answers the process's exit code.
pub async fn run(args: RunArgs) -> Result<u8> {
    let suite = Suite::read(&args.features)?;
    let application = Arc::new(suite.application.clone());
    let problems = check::problems(&suite.features, &application).await;
    if !problems.is_empty() {
        return Err(check::refusal(&problems));
    }
    let mut signals = Signals::listen()?;
    let recorder = Recorder::open(&args.out)?;
    let sink = recorder.sink();
    let started = Instant::now();
    let stop = CancellationToken::new();
    let hand = OnceLock::new();
    let work = conduct(&args, suite, application, sink.clone(), stop.clone(), &hand);
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(TICK);
    let mut asked: Option<Asked> = None;
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            _ = tick.tick() => recorder.tick(),
            signal = signals.next() => {
                if asked.is_some() {
                    give_up(hand.get(), args.context.as_deref());
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
    recorder.close()?;
    match ended {
        Err(error) if asked.is_none() => Err(error),
        _ => Ok(code),
    }
}

/// Says what a second signal leaves undone.
fn give_up(hand: Option<&Changes>, context: Option<&str>) {
    let open = hand.map(Changes::still_open).unwrap_or_default();
    shows::note("stopped by a second signal");
    if open.is_empty() || context.is_none() {
        return;
    }
    shows::note("not undone:");
    for what in open {
        shows::note(&format!("  {what}"));
    }
    shows::note("`faultless recover` finishes it; its journal remains");
}

/// How a run ended.
struct Ended {
    outcomes: Vec<Outcome>,
    left_behind: bool,
}

/// Makes the target ready, runs everything, and puts the target back.
async fn conduct(
    args: &RunArgs,
    suite: Suite,
    application: Arc<Application>,
    sink: Sink,
    stop: CancellationToken,
    hand: &OnceLock<Changes>,
) -> Result<Ended> {
    let id = Run::new_id();
    let mut name = args.context.clone().unwrap_or_else(|| "a local mesh".to_owned());
    if args.no_dead_man {
        name.push_str(" (unprotected: --no-dead-man)");
    }
    sink.tell(Event::RunStarted {
        run: id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: name,
        scenarios: suite.scenarios(),
    });
    let interrupted = || Error::runner("making the target ready", "interrupted");
    let mesh = match args.context {
        Some(_) => None,
        None => Some(tokio::select! {
            biased;
            () = stop.cancelled() => return Err(interrupted()),
            mesh = start_mesh(args, &sink) => mesh?,
        }),
    };
    let ended = match &mesh {
        None => {
            let context = args.context.as_deref().unwrap_or_default();
            let target = Target::context(context, args.kubeconfig.as_deref()).await;
            match target {
                Ok(target) => {
                    on_target(args, suite, application, target, id, sink, &stop, hand).await
                }
                Err(error) => Err(error),
            }
        }
        Some(mesh) => {
            let deployed = async {
                let target = Target::local(mesh).await?;
                target.deploy(&application.folder, &application.manifests).await?;
                let pods = target.deployed(&application.namespaces).await?;
                let what = format!("{} runs with {pods} pods", application.application);
                sink.tell(Event::TargetProgress { what });
                Ok(target)
            };
            let target = tokio::select! {
                biased;
                () = stop.cancelled() => Err(interrupted()),
                target = deployed => target,
            };
            match target {
                Ok(target) => {
                    on_target(args, suite, application, target, id, sink, &stop, hand).await
                }
                Err(error) => Err(error),
            }
        }
    };
    if let Some(mesh) = mesh {
        mesh.stop().await;
    }
    ended
}

async fn start_mesh(args: &RunArgs, sink: &Sink) -> Result<LocalMesh> {
    let progress = sink.clone();
    let tell = move |what: &str| progress.tell(Event::TargetProgress { what: what.to_owned() });
    LocalMesh::start(args.envoy.clone(), tell).await
}

/// Runs everything against a target that has the application.
#[expect(clippy::too_many_arguments, reason = "all that a run is made of, once")]
async fn on_target(
    args: &RunArgs,
    suite: Suite,
    application: Arc<Application>,
    target: Target,
    id: String,
    sink: Sink,
    stop: &CancellationToken,
    hand: &OnceLock<Changes>,
) -> Result<Ended> {
    let protection = Protection {
        dead_man: (!args.no_dead_man).then(|| args.dead_man.duration()),
        wait: args.wait.map(|wait| wait.duration()).unwrap_or_default(),
        adopt: args.adopt,
        recover: args.recover,
    };
    let tell = |what: &str| sink.tell(Event::TargetProgress { what: what.to_owned() });
    let guard = Guard::open(&target, &application, &id, &protection, stop, &tell).await?;
    let _ = hand.set(guard.changes());
    let work = async {
        let agents = Agents::start(&target, &application, &id, &guard.changes(), stop).await?;
        tell(&format!("{} load agents are ready", agents.count()));
        let run = Arc::new(Run {
            id: id.clone(),
            target: target.clone(),
            application: Arc::clone(&application),
            agents: agents.handles(),
            changes: guard.changes(),
            lost: guard.lost(),
            options: Options {
                confidence: args.confidence,
                max_load_time: args.max_load_time,
                placebo: args.placebo,
            },
            sink: sink.clone(),
            stop: stop.clone(),
            quiet_from: Instant::now().into(),
        });
        Ok(scenarios(suite.features, run).await)
    };
    let outcomes = guard.kept(work).await;
    let left = guard.close().await;
    for what in &left {
        tell(&format!("left behind: {what}"));
    }
    let lost = guard.lost().error();
    match (outcomes, lost, left.is_empty()) {
        (Err(error), _, false) => Err(Error::left_behind("running", error).hint(left.join("; "))),
        (Ok(_), Some(lost), true) => Err(lost),
        (Ok(outcomes), _, clean) => {
            let left_behind = !clean || outcomes.contains(&Outcome::LeftBehind);
            Ok(Ended { outcomes, left_behind })
        }
        (Err(error), _, true) => Err(error),
    }
}

/// Runs the scenarios one after the other; answers how each ended.
async fn scenarios(features: Vec<gherkin::Feature>, run: Arc<Run>) -> Vec<Outcome> {
    let register = Register::default();
    let narrator = Narrator::new(run.sink.clone(), register.clone());
    let (begins, ends) = (register.clone(), register.clone());
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
        .max_concurrent_scenarios(1)
        .before(move |feature, _, scenario, world| {
            let id = begins.id(feature, scenario);
            world.scenario = Some(Scenario::begin(Arc::clone(&run), id));
            async {}.boxed_local()
        })
        .after(move |feature, _, scenario, finished, world| {
            let ends = ends.clone();
            let broke = !matches!(finished, ScenarioFinished::StepPassed);
            async move {
                let mut outcome = Outcome::Broken;
                if let Some(scenario) = world.and_then(|world| world.scenario.as_mut()) {
                    if broke {
                        scenario.broke();
                    }
                    scenario.restore().await;
                    outcome = scenario.outcome();
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
        Outcome::Broken => 3,
        Outcome::LeftBehind => 4,
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
        assert_eq!(exit_code(&[LeftBehind, Broken], false), 4);
        assert_eq!(exit_code(&[Failed, Inconclusive], true), 0);
        assert_eq!(exit_code(&[Failed, Passed], true), 1);
        assert_eq!(exit_code(&[Failed, Broken], true), 3);
    }
}
