//! What happened: the run, its scenarios as test cases, and their steps.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::features;
use super::features::Pickle;
use super::status;
use super::timestamp;
use crate::outcome::Outcome;
use crate::run::{Run, Scenario, Step};
use crate::{text, wording};

/// The version of the messages' schema that this was written for.
const PROTOCOL: &str = "34.2.1";

/// What comes after the steps of each scenario.
const HOOK: &str = "end";

/// The messages, a line each.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut messages = vec![meta(run)];
    let mut pickles = Vec::new();
    for (number, feature) in features::of(run).iter().enumerate() {
        let (document, of_feature) = features::document(number, feature);
        messages.push(document);
        messages.extend(of_feature.iter().map(|pickle| pickle.message.clone()));
        pickles.extend(of_feature);
    }
    messages.push(json!({ "hook": {
        "id": HOOK,
        "name": "the mesh is put back",
        "sourceReference": {},
        "type": "AFTER_TEST_CASE",
    }}));
    let started = timestamp::after(&run.started_at, 0);
    messages.push(json!({ "testRunStarted": { "id": "run", "timestamp": started }}));
    messages.extend(pickles.iter().map(test_case));
    let of_place: HashMap<_, _> = pickles.iter().map(|pickle| (&pickle.place, pickle)).collect();
    let unbegun = run.unbegun();
    // What was stopped decides nothing where an attempt before it did (`junit/case`).
    let decides = |scenario: &Scenario| scenario.outcome() != Outcome::Skipped;
    let decided: HashSet<_> =
        run.scenarios.iter().filter(|one| decides(one)).map(|one| one.id).collect();
    let counts = |scenario: &&Scenario| decides(scenario) || !decided.contains(&scenario.id);
    let mut last = HashMap::new();
    for scenario in run.scenarios.iter().filter(counts) {
        last.insert(scenario.id, scenario.attempt);
    }
    // Not the scenario's own count: of runs that are reported together, two may have the same.
    let mut tries: HashMap<&str, u32> = HashMap::new();
    for scenario in run.scenarios.iter().filter(counts).chain(&unbegun) {
        let place = (scenario.file.clone(), scenario.line);
        let Some(pickle) = of_place.get(&place) else { continue };
        let again = last.get(&scenario.id).is_some_and(|last| *last > scenario.attempt);
        let number = tries.entry(&pickle.id).or_default();
        attempt(run, scenario, (pickle, *number, again), &mut messages);
        *number += 1;
    }
    messages.push(run_finished(run));
    messages.iter().map(|message| format!("{message}\n")).collect()
}

fn meta(run: &Run) -> Value {
    // The record does not tell the machine of the runner; a report may be made on another one.
    let unknown = json!({ "name": "not recorded" });
    json!({ "meta": {
        "protocolVersion": PROTOCOL,
        "implementation": { "name": "faultless", "version": text::line(&run.version) },
        "runtime": { "name": text::line(&run.target) },
        "os": unknown,
        "cpu": unknown,
    }})
}

fn test_case(pickle: &Pickle) -> Value {
    let Pickle { id, steps, .. } = pickle;
    let step = |at| json!({ "id": format!("c.{id}.{at}"), "pickleStepId": format!("{id}.{at}") });
    let hook = json!({ "id": format!("c.{id}.{HOOK}"), "hookId": HOOK });
    json!({ "testCase": {
        "id": format!("c.{id}"),
        "pickleId": id,
        "testSteps": (0..*steps).map(step).chain([hook]).collect::<Vec<_>>(),
        "testRunStartedId": "run",
    }})
}

/// One try of a scenario.
fn attempt(
    run: &Run,
    scenario: &Scenario,
    (pickle, number, again): (&Pickle, u32, bool),
    messages: &mut Vec<Value>,
) {
    let case = format!("c.{}", pickle.id);
    let started = format!("{case}.try{number}");
    let begin = if scenario.begun() { scenario.at.as_str() } else { run.started_at.as_str() };
    let time = |ms: u64| timestamp::after(begin, ms.saturating_sub(scenario.started_ms));
    messages.push(json!({ "testCaseStarted": {
        "attempt": number,
        "id": started,
        "testCaseId": case,
        "timestamp": time(scenario.started_ms),
    }}));
    let (inside, outside): (Vec<&Step>, Vec<&Step>) =
        scenario.steps.iter().partition(|step| !step.keyword.is_empty());
    let mut now = scenario.started_ms;
    for at in 0..pickle.steps {
        let step = inside.get(at).copied();
        let took = step.and_then(|step| step.finished.as_ref()).map_or(0, |(_, _, took)| *took);
        now = step.map_or(now, |step| step.started_ms.max(now));
        let id = format!("{case}.{at}");
        let told = Told { case: &started, step: &id, status: status::of_step(run, scenario, step) };
        messages.push(told.started(time(now)));
        messages.extend(step.into_iter().flat_map(|step| told.attachments(step, &time(now))));
        now = now.saturating_add(took);
        messages.push(told.finished(took, time(now)));
    }
    let shown = &inside[..inside.len().min(pickle.steps)];
    let end = scenario.started_ms.saturating_add(scenario.took_ms()).max(now);
    let id = format!("{case}.{HOOK}");
    let told = Told { case: &started, step: &id, status: status::of_end(run, scenario, shown) };
    messages.push(told.started(time(now)));
    messages.extend(outside.iter().flat_map(|step| told.attachments(step, &time(now))));
    let load = scenario.all_load().map(|load| told.log(&format!("load: {load}"), &time(now)));
    messages.extend(load);
    messages.push(told.finished(end - now, time(end)));
    messages.push(json!({ "testCaseFinished": {
        "testCaseStartedId": started,
        "timestamp": time(end),
        "willBeRetried": again,
    }}));
}

/// What is told of a step.
struct Told<'a> {
    case: &'a str,
    step: &'a str,
    status: status::Status,
}

// === impl Told ===

impl Told<'_> {
    fn started(&self, at: Value) -> Value {
        json!({ "testStepStarted": {
            "testCaseStartedId": self.case,
            "testStepId": self.step,
            "timestamp": at,
        }})
    }

    fn finished(&self, took_ms: u64, at: Value) -> Value {
        let mut result =
            json!({ "duration": timestamp::duration(took_ms), "status": self.status.word });
        if let Some(message) = &self.status.message {
            result["message"] = text::block(message).into();
        }
        json!({ "testStepFinished": {
            "testCaseStartedId": self.case,
            "testStepId": self.step,
            "testStepResult": result,
            "timestamp": at,
        }})
    }

    /// What was changed in a step, and what was claimed with its numbers.
    fn attachments(&self, step: &Step, at: &Value) -> Vec<Value> {
        let changes = step.changes.iter().map(|change| format!("changed: {change}"));
        let warnings = step.warnings.iter().map(|warning| format!("warning: {warning}"));
        let claims = step.claims.iter().map(|claim| {
            let proof = claim.proof.iter().map(|proof| format!("\nproof: {proof}"));
            let outcome = wording::outcome(claim.outcome);
            format!("{outcome}: {}{}", claim.stated(), proof.collect::<String>())
        });
        changes.chain(warnings).chain(claims).map(|line| self.log(&line, at)).collect()
    }

    fn log(&self, line: &str, at: &Value) -> Value {
        json!({ "attachment": {
            "body": text::block(line),
            "contentEncoding": "IDENTITY",
            "mediaType": "text/x.cucumber.log+plain",
            "testCaseStartedId": self.case,
            "testStepId": self.step,
            "timestamp": at,
        }})
    }
}

fn run_finished(run: &Run) -> Value {
    let end = run.finished.as_ref();
    let took = end.map_or(run.elapsed_ms, |end| end.took_ms);
    let mut finished = json!({
        "testRunStartedId": "run",
        "success": end.is_some_and(|end| end.exit_code == 0),
        "timestamp": timestamp::after(&run.started_at, took),
    });
    let why = match (end, &run.interrupted) {
        (None, _) => Some("the run's record stops before its end".to_owned()),
        (_, Some(signal)) => Some(format!("the run was stopped by {signal}")),
        (Some(end), None) => end.problem.clone(),
    };
    if let Some(why) = why {
        finished["message"] = text::block(&why).into();
    }
    json!({ "testRunFinished": finished })
}
