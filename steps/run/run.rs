//! The run as the program sees it: signals, the clock on a terminal, what is said at the end.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use faultless::error::{Blame, ExitCode, Result};
use faultless::safety::Applier;
use faultless::scenario::Patience;
use reports::Event;
use tokio_util::sync::CancellationToken;

use super::agent_image::agent_image;
use super::conduct::{Ended, conduct, place};
use super::exit_code::exit_code;
use crate::check::{Checked, Problem};
use crate::cli::RunArgs;
use crate::features::Suite;
use crate::record::Recorder;
use crate::signals::{Asked, Signals};
use crate::telemetry_source::telemetry_source;
use crate::{check, console};

/// How often the clock on a terminal moves.
const TICK: Duration = Duration::from_millis(500);

/// Runs; answers the process's exit code.
pub(crate) async fn run(args: RunArgs) -> Result<u8> {
    let suite = Suite::read(&args.features)?;
    let application = Arc::new(suite.application.clone());
    let patience = Patience { confidence: args.confidence, max_load_time: args.max_load_time };
    let checked = check::dry_run(&suite.features, &application, patience).await;
    let Checked { mut problems, warnings, unsupported, objects, plans } = checked;
    // On a cluster it has an effect.
    let mut noted = if args.context.is_none() { unsupported } else { Vec::new() };
    noted.extend(Problem::doubted(&suite.doubts));
    if args.strict {
        problems.extend(warnings.into_iter().chain(noted.drain(..)));
        problems.sort();
    }
    if !problems.is_empty() {
        return Err(check::refusal(&problems));
    }
    let image = agent_image(&args, &application)?;
    let source = telemetry_source(&args.prometheus)?;
    let mut signals = Signals::listen()?;
    let recorder = Recorder::open(&args.out, args.verbose)?;
    let sink = recorder.sink();
    let started = Instant::now();
    let stop = CancellationToken::new();
    let appliers = OnceLock::new();
    let place = place(&args, (image, source), suite.scenarios());
    let scenarios = (suite, plans, noted, objects);
    let work =
        conduct((&args, &place), scenarios, application, sink.clone(), stop.clone(), &appliers);
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(TICK);
    let mut asked: Option<Asked> = None;
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            _ = tick.tick() => recorder.tick(),
            signal = signals.next() => {
                if asked.is_some() {
                    give_up(appliers.get(), args.context.is_some());
                    return Ok(signal.exit_code());
                }
                asked = Some(signal);
                sink.emit(Event::Interrupted { signal: signal.name().to_owned() });
                stop.cancel();
            }
        }
    };
    let code = match (&ended, asked) {
        (Ok(Ended { left_behind: true, .. }), _) => 4,
        (Err(error), _) if error.blame() == Blame::LeftBehind => 4,
        (_, Some(signal)) => signal.exit_code(),
        (Ok(ended), None) => {
            let unproven = if ended.unproven { 3 } else { 0 };
            exit_code(&ended.outcomes, args.placebo).max(unproven)
        }
        (Err(error), None) => error.exit_code() as u8,
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let problem = ended.as_ref().err().map(ToString::to_string);
    sink.emit(Event::RunFinished { exit_code: code, problem, took_ms });
    // The summary is about the scenarios; what ended the run is said here, once.
    if let Err(error) = &ended {
        console::error(error);
    }
    let unwritten = recorder.close();
    for error in &unwritten {
        console::error(error);
    }
    // A record that is not whole is trouble of its own, and never hides the run's.
    Ok(if code == 0 && !unwritten.is_empty() { ExitCode::Broken as u8 } else { code })
}

/// Says what a second signal leaves undone. A mesh of the run's own ends with it.
fn give_up(appliers: Option<&Vec<Applier>>, outlives: bool) {
    console::note("stopped by a second signal");
    let open: Vec<_> = appliers.into_iter().flatten().flat_map(Applier::still_open).collect();
    if open.is_empty() || !outlives {
        return;
    }
    console::note("not undone:");
    for what in open {
        console::note(&format!("  {what}"));
    }
    console::note("the journal remains: `faultless recover` finishes it");
}
