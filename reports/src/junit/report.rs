//! The XML document and its suites.

use junit_report::{OffsetDateTime, Report, TestCase, TestSuite};
use time::format_description::well_known::Rfc3339;

use super::case;
use crate::run::{Run, Scenario};
use crate::text;

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
        let cases = scenarios.iter().map(|scenario| case::of(run, scenario, &scenarios)).collect();
        report.add_testsuite(suite(feature.1, &scenarios[0].at, cases));
    }
    if let Some(problem) = case::problem(run) {
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

/// `2026-11-23T15:20:44.123Z` as a time, in whole seconds; the epoch if it is something else.
fn timestamp(at: &str) -> OffsetDateTime {
    OffsetDateTime::parse(at, &Rfc3339)
        .map_or(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::truncate_to_second)
}

#[cfg(test)]
mod tests {
    use quick_junit::{NonSuccessKind, TestCaseStatus};

    use super::*;
    use crate::json;
    use crate::outcome::Outcome;

    fn sample() -> Run {
        Run::of(&json::read(include_str!("../../samples/run.jsonl")).unwrap().records)
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
        let records = json::read(include_str!("../../samples/placebo.jsonl")).unwrap().records;
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
