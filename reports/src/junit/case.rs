//! Test cases: one for each scenario, and one for what went wrong outside of all scenarios.

use junit_report::{Duration, TestCase, TestResult};

use crate::outcome::Outcome;
use crate::run::{Run, Scenario};
use crate::{placebo, story, text, wording};

/// A scenario's; `feature` are all scenarios of its feature.
pub(super) fn of(run: &Run, scenario: &Scenario, feature: &[&Scenario]) -> TestCase {
    // The examples of an outline may share their name; test cases must not.
    let same = feature.iter().filter(|other| other.name == scenario.name).count();
    let name = text::line(&scenario.name);
    let name = if same > 1 { format!("{name} (line {})", scenario.line) } else { name };
    TestCase {
        name,
        time: milliseconds(scenario.took_ms()),
        result: if run.placebo { withheld(scenario) } else { told(scenario) },
        classname: Some(text::line(&scenario.feature)),
        filepath: Some(text::line(&scenario.file)),
        system_out: Some(character_data(&story::lines(scenario).join("\n"))),
        system_err: None,
    }
}

/// A run that failed for a reason that is in no scenario must not look like a run without tests.
pub(super) fn problem(run: &Run) -> Option<TestCase> {
    let bad =
        |scenario: &Scenario| !matches!(scenario.outcome(), Outcome::Passed | Outcome::Skipped);
    let reason = match (&run.finished, &run.interrupted) {
        (_, Some(signal)) => format!("the run was stopped by {signal}"),
        (None, None) => "the run's record stops before its end".to_owned(),
        (Some(end), None) => match &end.problem {
            Some(problem) => problem.clone(),
            None if end.exit_code == 0 || run.scenarios.iter().any(bad) => return None,
            None => run.meaning().unwrap_or_default().to_owned(),
        },
    };
    Some(TestCase {
        name: "run".to_owned(),
        time: milliseconds(0),
        result: result(Outcome::Broken, &[reason]),
        classname: Some("faultless".to_owned()),
        filepath: None,
        system_out: None,
        system_err: None,
    })
}

fn told(scenario: &Scenario) -> TestResult {
    result(scenario.outcome(), &scenario.reasons())
}

/// How a scenario ended whose changes were withheld.
fn withheld(scenario: &Scenario) -> TestResult {
    match scenario.outcome() {
        Outcome::Passed => TestResult::Failure {
            type_: "passes without its fault".to_owned(),
            message: "it passes although its changes were withheld: it shows nothing".to_owned(),
            cause: None,
        },
        outcome if placebo::good(outcome, true) && outcome != Outcome::Skipped => {
            TestResult::Success
        }
        _ => told(scenario),
    }
}

fn result(outcome: Outcome, reasons: &[String]) -> TestResult {
    let type_ = wording::outcome(outcome).to_owned();
    let message = reasons.first().map_or_else(|| type_.clone(), |reason| text::line(reason));
    let cause = (!reasons.is_empty()).then(|| character_data(&reasons.join("\n")));
    match outcome {
        Outcome::Passed => TestResult::Success,
        Outcome::Skipped => TestResult::SkippedWithCause { type_, message, cause: None },
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => {
            TestResult::Failure { type_, message, cause }
        }
        Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind | Outcome::Unproven => {
            TestResult::Error { type_, message, cause }
        }
    }
}

/// Foreign text for a CDATA section, which has one sequence that ends it.
fn character_data(foreign: &str) -> String {
    text::block(foreign).replace("]]>", "]] >")
}

fn milliseconds(ms: u64) -> Duration {
    // A run takes hours at most; an absurd figure in a recording is shown as the largest there is.
    Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))
}
