//! The lines that stay while a run happens, in short: what goes wrong, and each scenario when it
//! ends. With `--verbose` the rest is told by `verbose`.

use super::look::{Colour, Look};
use super::told::Told;
use super::{live, scenario, summary, verbose};
use crate::event::{Event, Record, ScenarioId};
use crate::outcome::Outcome;
use crate::run::{Run, remains};
use crate::{text, wording};

/// The lines that a record adds; `run` has taken it in already.
pub(super) fn of(record: &Record, run: &Run, look: Look, told: &mut Told) -> Vec<String> {
    match &record.event {
        Event::RunStarted { .. } => vec![look.paint(Colour::Bold, &header(run))],
        Event::Interrupted { signal } => {
            let said = format!("{}: stopping and restoring", text::line(signal));
            vec![look.paint(Colour::Yellow, &said)]
        }
        Event::RunFinished { .. } => summary::closing(run, look),
        Event::TargetProgress { what } => match remains(what) {
            Some(what) => vec![look.left_behind(what)],
            None if !told.is_new(what) => Vec::new(),
            None if look.verbose => verbose::lines(record, run, look, told),
            None => vec![text::line(what)],
        },
        Event::ScenarioFinished { .. }
        | Event::Preflight { .. }
        | Event::ScenarioStarted { .. }
        | Event::StepStarted { .. }
        | Event::StepFinished { .. }
        | Event::PhaseEntered { .. }
        | Event::Disturbed { .. }
        | Event::LoadChosen { .. }
        | Event::Starved { .. }
        | Event::LoadProgress { .. }
        | Event::Judged { .. }
        | Event::Restored { .. }
            if look.verbose =>
        {
            verbose::lines(record, run, look, told)
        }
        Event::ScenarioFinished { scenario, outcome, .. } => ended(run, look, *scenario, *outcome),
        // Less than what was asked for is said before anything is judged by it; once is enough.
        Event::LoadChosen { load, why, short: true, .. } => {
            let said = text::line(&format!("less load than asked for: {load}; {why}"));
            if told.is_new(&said) { vec![said] } else { Vec::new() }
        }
        // What may not do what was meant is said before anything is judged under it.
        Event::Disturbed { warnings, .. } => {
            let said = warnings.iter().map(|what| format!("warning: {}", text::line(what)));
            said.filter(|said| told.is_new(said)).collect()
        }
        Event::LoadChosen { .. }
        | Event::Starved { .. }
        | Event::Preflight { .. }
        | Event::ScenarioStarted { .. }
        | Event::StepStarted { .. }
        | Event::StepFinished { .. }
        | Event::PhaseEntered { .. }
        | Event::LoadProgress { .. }
        | Event::Judged { .. }
        | Event::Restored { .. } => Vec::new(),
    }
}

/// A scenario that ended, with what a reader needs to know of it.
fn ended(run: &Run, look: Look, id: ScenarioId, outcome: Outcome) -> Vec<String> {
    // After a signal the rest is skipped, and the totals count it.
    if outcome == Outcome::Skipped && run.interrupted.is_some() {
        return Vec::new();
    }
    let known = run.scenario(id);
    known.map(|known| scenario::block(known, run, look)).unwrap_or_default()
}

fn header(run: &Run) -> String {
    let Run { version, target, id, planned, placebo, .. } = run;
    let scenarios = wording::counted(u64::from(*planned), "scenario");
    let how = if *placebo { ", placebo: every change is withheld" } else { "" };
    let (version, target, id) = (text::line(version), text::line(target), text::line(id));
    format!("Faultless {version} on {target}: {scenarios} (run {id}{how})")
}

/// In short plain lines, one for each scenario that has been running for long.
pub(super) fn signs_of_life(
    run: &Run,
    look: Look,
    told: &mut Told,
    elapsed_ms: u64,
) -> Vec<String> {
    if look.live || look.verbose || run.finished.is_some() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for scenario in run.scenarios.iter().filter(|scenario| scenario.finished.is_none()) {
        if told.owes_sign(scenario.id, scenario.started_ms, elapsed_ms) {
            let (title, place) = (text::line(&scenario.title()), text::line(&scenario.place()));
            let state = live::state(scenario, elapsed_ms);
            lines.push(format!("running: {title}  ({place}, {state})"));
        }
    }
    lines
}
