//! Test cases: one for each scenario, and one for what went wrong outside of all scenarios.

use junit_report::{Duration, TestCase, TestResult};

use super::names::Names;
use crate::outcome::Outcome;
use crate::run::{Run, Scenario};
use crate::{placebo, story, text, wording};

/// The longest time that is believed: that of a year. A figure beyond it is a recording's mistake,
/// and sums of such figures have no place in a number.
const LONGEST_MS: u64 = 366 * 24 * 3_600 * 1_000;

/// The longest message of a failure, in characters. Its body has the rest.
const MESSAGE_MAX: usize = 1_000;

/// A scenario's, and how the attempts before the last one ended; `attempts` are all of them, and
/// `room` is how many characters each of its texts may have.
pub(super) fn of(
    run: &Run,
    attempts: &[&Scenario],
    (names, room): (&mut Names, usize),
) -> (TestCase, Vec<TestResult>) {
    let result = |scenario: &&Scenario| match run.placebo {
        true => withheld(run, scenario, room),
        false => told(run, scenario, room),
    };
    // One that was stopped decides nothing: what was decided before it counts.
    let decides = |one: &&Scenario| !matches!(one.outcome(), Outcome::Skipped);
    let decided = attempts.iter().rposition(decides).map_or(attempts.len(), |last| last + 1);
    let Some((last, earlier)) = attempts[..decided].split_last() else {
        return (outside(names, Outcome::Skipped, &[], room), Vec::new());
    };
    let (classname, name) = names.give(last);
    let took = attempts.iter().map(|one| one.took_ms().min(LONGEST_MS)).sum();
    let mut out = vec![place(last)];
    if run.placebo {
        out.push("the changes of this scenario were withheld: it has to fail".to_owned());
    }
    if !earlier.is_empty() {
        out.push(format!("attempt {}: those before it are told apart", last.attempt + 1));
    }
    out.extend(story::lines(last));
    let case = TestCase {
        name,
        time: milliseconds(took),
        result: result(last),
        classname: Some(classname),
        // Jenkins' schema knows it for suites only, and Jenkins refuses a file with more.
        filepath: None,
        system_out: Some(character_data(&out.join("\n"), room)),
        system_err: None,
    };
    (case, earlier.iter().map(result).collect())
}

/// A run that failed for a reason that is in no scenario must not look like a run without tests.
pub(super) fn problem(run: &Run, names: &mut Names, room: usize) -> Option<TestCase> {
    let bad =
        |scenario: &Scenario| !matches!(scenario.outcome(), Outcome::Passed | Outcome::Skipped);
    let reason = match (stopped(run), &run.finished) {
        (Some(reason), _) => reason,
        (None, Some(end)) if end.exit_code == 0 || run.scenarios.iter().any(bad) => return None,
        (None, _) => run.meaning().unwrap_or_default().to_owned(),
    };
    Some(outside(names, Outcome::Broken, &[reason], room))
}

/// What ended the run before its scenarios could say it themselves.
fn stopped(run: &Run) -> Option<String> {
    match (&run.finished, &run.interrupted) {
        (_, Some(signal)) => Some(format!("the run was stopped by {signal}")),
        (None, None) => Some("the run's record stops before its end".to_owned()),
        (Some(end), None) => end.problem.clone(),
    }
}

fn outside(names: &mut Names, outcome: Outcome, reasons: &[String], room: usize) -> TestCase {
    let (classname, name) = names.unique("faultless".to_owned(), "run".to_owned());
    TestCase {
        name,
        time: milliseconds(0),
        result: result(outcome, reasons, room),
        classname: Some(classname),
        filepath: None,
        system_out: None,
        system_err: None,
    }
}

fn told(run: &Run, scenario: &Scenario, room: usize) -> TestResult {
    let mut reasons = scenario.reasons();
    if scenario.outcome() == Outcome::Skipped {
        reasons = vec![unrun(run, scenario)];
    }
    let mut result = result(scenario.outcome(), &reasons, room);
    if let TestResult::Failure { cause, .. } | TestResult::Error { cause, .. } = &mut result {
        // Readers that annotate a change look for `FILE:LINE` in here.
        let told = cause.take().unwrap_or_default();
        *cause = Some(format!("{told}\nat {}", character_data(&place(scenario), room)));
    }
    result
}

/// Why a scenario was not run, or not to its end.
fn unrun(run: &Run, scenario: &Scenario) -> String {
    match stopped(run) {
        Some(reason) if scenario.begun() => reason,
        Some(reason) => format!("it was not begun: {reason}"),
        None if !scenario.begun() => "it was not begun".to_owned(),
        None if run.placebo => {
            "it changes no configuration: there was nothing to withhold".to_owned()
        }
        None => "it was not run to its end".to_owned(),
    }
}

/// How a scenario ended whose changes were withheld.
fn withheld(run: &Run, scenario: &Scenario, room: usize) -> TestResult {
    match scenario.outcome() {
        Outcome::Passed => {
            let reason = "it passes although its changes were withheld: it shows nothing";
            TestResult::Failure {
                type_: "passes without its fault".to_owned(),
                message: reason.to_owned(),
                cause: Some(character_data(&format!("{reason}\nat {}", place(scenario)), room)),
            }
        }
        outcome if placebo::good(outcome, true) && outcome != Outcome::Skipped => {
            TestResult::Success
        }
        _ => told(run, scenario, room),
    }
}

fn result(outcome: Outcome, reasons: &[String], room: usize) -> TestResult {
    let type_ = wording::outcome(outcome).to_owned();
    let message = reasons.first().map_or_else(|| type_.clone(), |reason| text::line(reason));
    let message = text::cut(&message, MESSAGE_MAX);
    let cause = (!reasons.is_empty()).then(|| character_data(&reasons.join("\n"), room));
    match outcome {
        Outcome::Passed => TestResult::Success,
        Outcome::Skipped => TestResult::SkippedWithCause { type_, message, cause },
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => {
            TestResult::Failure { type_, message, cause }
        }
        Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind | Outcome::Unproven => {
            TestResult::Error { type_, message, cause }
        }
    }
}

/// Where the scenario is written.
fn place(scenario: &Scenario) -> String {
    text::line(&scenario.place())
}

/// Foreign text for a CDATA section, which has one sequence that ends it.
fn character_data(foreign: &str, room: usize) -> String {
    text::bounded(foreign, room).replace("]]>", "]] >")
}

fn milliseconds(ms: u64) -> Duration {
    Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))
}
