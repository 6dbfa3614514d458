//! Which of Cucumber's words stands for which outcome.

use crate::outcome::Outcome;
use crate::run::{Run, Scenario, Step};

/// How a step ended, and why unless it passed.
pub(super) struct Status {
    pub word: &'static str,
    pub message: Option<String>,
}

// === impl Status ===

impl Status {
    const PASSED: Self = Self { word: "PASSED", message: None };

    fn skipped(why: &str) -> Self {
        Self { word: "SKIPPED", message: Some(why.to_owned()) }
    }
}

/// Cucumber's word. An inconclusive step is PENDING: that is neither a pass nor a violation, and
/// of a scenario's steps it outweighs those that passed, which UNKNOWN would not. (Consumers take
/// the worst of UNKNOWN, PASSED, SKIPPED, PENDING, UNDEFINED, AMBIGUOUS, FAILED, in this order.)
/// Whatever else did not pass is FAILED, and its message begins with our word for it.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "PASSED",
        Outcome::Skipped => "SKIPPED",
        Outcome::Inconclusive => "PENDING",
        Outcome::Failed
        | Outcome::Vacuous
        | Outcome::Wrong
        | Outcome::Broken
        | Outcome::LeftBehind
        | Outcome::Unproven => "FAILED",
    }
}

/// Of a step; `None` is one that was not reached.
pub(super) fn of_step(run: &Run, scenario: &Scenario, step: Option<&Step>) -> Status {
    let unreached = if scenario.begun() { "not reached" } else { "it was not begun" };
    let Some(step) = step else { return Status::skipped(unreached) };
    let Some(_) = step.finished else { return Status::skipped("it did not end") };
    let outcome = told(scenario, step);
    if matches!(outcome, Outcome::Passed) {
        return Status::PASSED;
    }
    let said = said(outcome, &scenario.reasons_of(step));
    // Where the changes were withheld, this is what has to happen.
    if run.placebo && crate::placebo::good(outcome, true) && outcome != Outcome::Skipped {
        return Status::skipped(&format!("as it has to be without its fault: {said}"));
    }
    Status { word: word(outcome), message: Some(said) }
}

/// Of what comes after the steps: the mesh is put back, and the scenario has ended. It says what
/// none of the steps that are `shown` has said.
pub(super) fn of_end(run: &Run, scenario: &Scenario, shown: &[&Step]) -> Status {
    if !scenario.begun() {
        return Status::skipped("it was not begun");
    }
    let outcome = scenario.outcome();
    let failed = |message: String| Status { word: "FAILED", message: Some(message) };
    match outcome {
        Outcome::Passed if run.placebo => {
            failed("it passes although its changes were withheld: it shows nothing".to_owned())
        }
        Outcome::Passed => Status::PASSED,
        Outcome::Skipped => Status::skipped("it was not run to its end"),
        _ => {
            let told = shown
                .iter()
                .map(|step| told(scenario, step))
                .any(|step| !matches!(step, Outcome::Passed | Outcome::Skipped));
            let remains = !scenario.left_behind.is_empty() || !scenario.unproven.is_empty();
            if told && !remains && scenario.finished.is_some() {
                return Status::PASSED;
            }
            failed(said(outcome, &scenario.reasons()))
        }
    }
}

/// Our word for an outcome and its reasons, the word once.
fn said(outcome: Outcome, reasons: &[String]) -> String {
    let word = crate::wording::outcome(outcome);
    match reasons.join("\n") {
        reasons if reasons.is_empty() => word.to_owned(),
        reasons if reasons.starts_with(word) => reasons,
        reasons => format!("{word}: {reasons}"),
    }
}

/// How a step ended. Cucumber tells of steps only that they failed; which way is in the scenario's
/// outcome, as far as it is about steps.
fn told(scenario: &Scenario, step: &Step) -> Outcome {
    match (step.outcome(), scenario.outcome()) {
        (
            Outcome::Failed,
            other @ (Outcome::Inconclusive | Outcome::Vacuous | Outcome::Wrong | Outcome::Broken),
        ) => other,
        (outcome, _) => outcome,
    }
}
