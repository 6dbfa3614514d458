//! What `--verbose` tells while a run happens: every change, step, claim and proof, stamped with
//! when it was and whose, because lanes run side by side.

use super::look::Look;
use super::told::Told;
use super::{live, scenario};
use crate::event::{Event, Phase, Record, ScenarioId};
use crate::outcome::Outcome;
use crate::run::{Run, Scenario, changed};
use crate::{text, wording};

/// The lines of a record; none for what is told in another way.
pub(super) fn lines(record: &Record, run: &Run, look: Look, told: &mut Told) -> Vec<String> {
    let at = record.elapsed_ms;
    let (whose, said) = match &record.event {
        Event::TargetProgress { what } => (None, vec![text::line(what)]),
        Event::Preflight { warnings, took_ms } => {
            let doubts = warnings.iter().map(|what| format!("  warning: {}", text::line(what)));
            let looked = format!("looked at the target in {took_ms} ms: a run is possible");
            (None, std::iter::once(looked).chain(doubts).collect())
        }
        Event::ScenarioStarted { scenario, feature, file, line, name, tags: _ } => {
            let place = text::line(&format!("{file}:{line}"));
            let title = text::line(&format!("{feature}: {name}"));
            (Some(scenario), vec![format!("{title}  ({place})")])
        }
        Event::StepFinished { scenario, outcome, message: _, took_ms } => {
            (Some(scenario), step(run, look, *scenario, *outcome, *took_ms))
        }
        Event::PhaseEntered { scenario, phase, detail } if *phase != Phase::Observe => {
            let (phase, detail) = (wording::phase(*phase), text::line(detail));
            let said = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            (Some(scenario), vec![format!("  {phase}{said}")])
        }
        Event::LoadChosen { scenario, load, why, short: _ } => {
            (Some(scenario), vec![text::line(&format!("  sends {load}: {why}"))])
        }
        Event::Starved { scenario, what } => {
            (Some(scenario), vec![text::line(&format!("  the machine was starved: {what}"))])
        }
        Event::LoadProgress { scenario, .. } => {
            (Some(scenario), load(run, look, told, at, *scenario).into_iter().collect())
        }
        Event::Disturbed { scenario, objects, proxies, converged_ms, proof, warnings } => {
            let change = text::line(&changed(objects, *proxies, *converged_ms, proof));
            let doubts = warnings.iter().map(|what| format!("  warning: {}", text::line(what)));
            let change = format!("  changed: {change}");
            (Some(scenario), std::iter::once(change).chain(doubts).collect())
        }
        Event::Judged { scenario, outcome, proof, .. } => {
            (Some(scenario), judged(run, look, *scenario, *outcome, proof.as_deref()))
        }
        Event::Restored { scenario, undone, left_behind, unproven, took_ms } => {
            let mut lines = restored(look, *undone, left_behind, *took_ms);
            lines.extend(unproven.iter().map(|what| format!("  {}", look.unproven(what))));
            (Some(scenario), lines)
        }
        Event::ScenarioFinished { scenario, .. } => {
            let known = run.scenario(*scenario);
            let head = known.map(|known| scenario::head(known, run, look));
            let load = known.and_then(Scenario::all_load);
            let load = load.map(|load| format!("  load: {load}"));
            (Some(scenario), load.into_iter().chain(head).collect())
        }
        // What is observed is the step's own sentence; the others `lines` tells.
        Event::PhaseEntered { .. }
        | Event::StepStarted { .. }
        | Event::RunStarted { .. }
        | Event::Interrupted { .. }
        | Event::RunFinished { .. } => return Vec::new(),
    };
    said.iter().map(|line| stamped(at, whose.copied(), line)).collect()
}

fn step(run: &Run, look: Look, id: ScenarioId, outcome: Outcome, took_ms: u64) -> Vec<String> {
    let Some(scenario) = run.scenario(id) else { return Vec::new() };
    let step = scenario.steps.iter().rev().find(|step| !step.keyword.is_empty());
    let Some(step) = step else { return Vec::new() };
    let sentence = text::line(&format!("{} {}", step.keyword, step.text));
    let (outcome, took) = (look.outcome(outcome), wording::duration(took_ms));
    let mut lines = vec![format!("  {sentence} ... {outcome}, {took}")];
    let (cause, more) = scenario.why(step);
    lines.extend(cause.map(|cause| format!("    {}", text::line(cause))));
    // Errors come with a hint on a line of its own.
    let more = more.map(text::block).unwrap_or_default();
    lines.extend(more.lines().map(|line| format!("    {}", text::line(line))));
    lines
}

/// The claim that was judged just now.
fn judged(
    run: &Run,
    look: Look,
    id: ScenarioId,
    outcome: Outcome,
    proof: Option<&str>,
) -> Vec<String> {
    let claim = run.scenario(id).and_then(|scenario| scenario.claims().last());
    let verdict = look.outcome(outcome);
    let said = claim.map(|claim| format!("  {verdict}: {}", text::line(&claim.stated())));
    let proof = proof.map(|proof| format!("    proof: {}", text::line(proof)));
    said.into_iter().chain(proof).collect()
}

fn restored(look: Look, undone: u32, left_behind: &[String], took_ms: u64) -> Vec<String> {
    let undone = wording::counted(u64::from(undone), "change");
    let done = format!("  restored: {undone} undone in {}", wording::duration(took_ms));
    let left = left_behind.iter().map(|what| format!("  {}", look.left_behind(what)));
    std::iter::once(done).chain(left).collect()
}

/// In plain lines, how the load goes; on a terminal the live lines say it.
fn load(run: &Run, look: Look, told: &mut Told, at: u64, id: ScenarioId) -> Option<String> {
    if look.live || !told.owes_load(id, at) {
        return None;
    }
    let load = run.scenario(id).and_then(|scenario| scenario.load)?;
    Some(format!("  load: {}", live::load_words(load)))
}

/// `[   12.3 s] #2 text`.
fn stamped(at: u64, scenario: Option<ScenarioId>, text: &str) -> String {
    let whose = scenario.map_or(String::new(), |ScenarioId(id)| format!("#{} ", u64::from(id) + 1));
    format!("[{:>11}] {whose}{text}", wording::duration(at))
}
