//! A run as `JUnit` XML, for CI systems: one suite per feature, one test case per scenario. What
//! the mesh did (violated, inconclusive, vacuous) is a *failure*; what the runner, the feature or
//! the clean-up did is an *error*; so a dashboard tells them apart. In a placebo run it is the
//! other way round with what the mesh did: a scenario that passes without its fault is the failure.

use junit_report::{Duration, OffsetDateTime, Report, TestCase, TestResult, TestSuite};

use crate::run::{Run, Scenario};
use crate::{Outcome, placebo, story, text};

/// The XML document.
///
/// # Panics
///
/// Never: writing to memory does not fail.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut report = Report::new();
    let mut features: Vec<(&str, &str)> = Vec::new();
    for scenario in &run.scenarios {
        let feature = (scenario.file.as_str(), scenario.feature.as_str());
        if !features.contains(&feature) {
            features.push(feature);
        }
    }
    for feature in features {
        let belongs = |s: &&Scenario| (s.file.as_str(), s.feature.as_str()) == feature;
        let scenarios: Vec<&Scenario> = run.scenarios.iter().filter(belongs).collect();
        let cases = scenarios.iter().map(|scenario| case(run, scenario, &scenarios)).collect();
        report.add_testsuite(suite(feature.1, &scenarios[0].at, cases));
    }
    if let Some(problem) = problem(run) {
        report.add_testsuite(suite("faultless", &run.started_at, vec![problem]));
    }
    let mut xml = Vec::new();
    report.write_xml(&mut xml).expect("writing to memory does not fail");
    let mut xml = String::from_utf8(xml).expect("the writer was given strings only");
    xml.push('\n');
    xml
}

fn suite(name: &str, at: &str, testcases: Vec<TestCase>) -> TestSuite {
    TestSuite {
        name: text::line(name),
        package: "faultless".to_owned(),
        timestamp: timestamp(at),
        hostname: "localhost".to_owned(),
        testcases,
        system_out: None,
        system_err: None,
    }
}

fn case(run: &Run, scenario: &Scenario, feature: &[&Scenario]) -> TestCase {
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
fn problem(run: &Run) -> Option<TestCase> {
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
    let type_ = text::outcome(outcome).to_owned();
    let message = reasons.first().map_or_else(|| type_.clone(), |reason| text::line(reason));
    let cause = (!reasons.is_empty()).then(|| character_data(&reasons.join("\n")));
    match outcome {
        Outcome::Passed => TestResult::Success,
        Outcome::Skipped => TestResult::SkippedWithCause { type_, message, cause: None },
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => {
            TestResult::Failure { type_, message, cause }
        }
        Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind => {
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

/// `2026-11-23T15:20:44.123Z` as a time; the epoch if it is something else.
fn timestamp(at: &str) -> OffsetDateTime {
    let number = |range: std::ops::Range<usize>| at.get(range)?.parse::<i64>().ok();
    let seconds = || {
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        // Days since the epoch, counting years from March (Howard Hinnant's `days_from_civil`).
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        Some(((days * 24 + hour) * 60 + minute) * 60 + second)
    };
    seconds()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use quick_junit::{NonSuccessKind, TestCaseStatus};

    use super::*;
    use crate::json;

    fn sample() -> Run {
        Run::of(&json::read(include_str!("../samples/run.jsonl")).unwrap().records)
    }

    fn parsed(run: &Run) -> quick_junit::Report {
        quick_junit::Report::deserialize_from_str(&render(run)).expect("valid JUnit")
    }

    #[test]
    fn failures_and_errors_are_told_apart() {
        let run = sample();
        let report = parsed(&run);
        let mut seen = Vec::new();
        for case in report.test_suites.iter().flat_map(|suite| &suite.test_cases) {
            let kind = match &case.status {
                TestCaseStatus::Success { .. } => "success".to_owned(),
                TestCaseStatus::Skipped { .. } => "skipped".to_owned(),
                TestCaseStatus::NonSuccess { kind, ty, .. } => {
                    let kind = match kind {
                        NonSuccessKind::Failure => "failure",
                        NonSuccessKind::Error => "error",
                    };
                    format!("{kind} {}", ty.as_ref().unwrap().as_str())
                }
            };
            assert!(case.classname.is_some() && case.time.is_some());
            seen.push(kind);
        }
        seen.sort();
        let expected = [
            // The second is the run itself, which somebody stopped.
            "error broken",
            "error broken",
            "error left behind",
            "error wrong",
            "failure failed",
            "failure inconclusive",
            "failure vacuous",
            "skipped",
            "success",
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn whatever_a_feature_says_the_xml_stays_valid() {
        let mut run = sample();
        let nasty = "\u{0}\u{b}\u{1b}[0m ]]> <b>&amp;\"' \u{fffe}\u{ffff} ü".to_owned();
        for scenario in &mut run.scenarios {
            scenario.name.clone_from(&nasty);
            scenario.feature.clone_from(&nasty);
            scenario.file.clone_from(&nasty);
            for step in &mut scenario.steps {
                step.text.clone_from(&nasty);
                step.finished = Some((Outcome::Broken, Some(nasty.clone()), 1));
            }
            scenario.finished = Some((Outcome::Broken, u64::MAX / 4_000_000));
        }
        let report = parsed(&run);
        let case = &report.test_suites[0].test_cases[0];
        assert!(case.name.as_str().contains("<b>&amp;\"'") && case.name.as_str().contains('ü'));
        let names: std::collections::BTreeSet<_> =
            report.test_suites[0].test_cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), report.test_suites[0].test_cases.len(), "made unique by line");
    }

    #[test]
    fn a_run_that_never_got_to_its_scenarios_is_an_error() {
        let finished = crate::run::Finished {
            exit_code: 3,
            problem: Some("starting the mesh: no Envoy".to_owned()),
            took_ms: 10,
        };
        let run = Run { finished: Some(finished), ..Run::default() };
        let report = parsed(&run);
        assert_eq!((report.test_suites.len(), report.test_suites[0].errors), (1, 1));
        assert!(render(&run).contains("no Envoy"));
        assert_eq!(parsed(&Run::default()).test_suites[0].errors, 1, "a record that stops");
    }

    #[test]
    fn in_a_placebo_run_the_one_that_passes_is_the_failure() {
        let statuses = |run: &Run| {
            let report = parsed(run);
            let cases = report.test_suites.iter().flat_map(|suite| &suite.test_cases);
            let ended = cases.map(|case| match &case.status {
                TestCaseStatus::Success { .. } => "success",
                TestCaseStatus::Skipped { .. } => "skipped",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => "failure",
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => "error",
            });
            ended.collect::<Vec<_>>()
        };
        let records = json::read(include_str!("../samples/placebo.jsonl")).unwrap().records;
        let mut run = Run::of(&records);
        assert!(run.placebo && run.count(Outcome::Failed) > 0);
        assert!(!statuses(&run).contains(&"failure"), "{:?}", statuses(&run));
        run.scenarios[0].finished = Some((Outcome::Passed, 5));
        assert_eq!(statuses(&run)[0], "failure");
        assert!(render(&run).contains("its changes were withheld"));
        run.scenarios[0].finished = Some((Outcome::Broken, 5));
        assert_eq!(statuses(&run)[0], "error");
    }

    #[test]
    fn times_are_read() {
        for (at, seconds) in [
            ("2026-11-23T15:20:44.123Z", 1_795_447_244),
            ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("1970-01-01T00:00:00Z", 0),
            ("yesterday", 0),
            ("9999-99-99T99:99:99", 0),
            ("ü026-11-23T15:20:44", 0),
        ] {
            let read = timestamp(at).unix_timestamp();
            assert!(read == seconds || at.starts_with("9999"), "{at}: {read}");
        }
    }
}
