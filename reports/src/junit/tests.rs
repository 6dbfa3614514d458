//! The document as parsers of others read it.

use quick_junit::{NonSuccessKind, TestCaseStatus};

use super::render;
use crate::json;
use crate::outcome::Outcome;
use crate::run::{Run, Scenario};

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

/// Each case's class and name, and the sums that the suites claim beside those that they have.
fn figures(xml: &str) -> (Vec<(String, String)>, Vec<[usize; 4]>) {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut names, mut claimed) = (Vec::new(), Vec::new());
    let mut counted: Vec<[usize; 4]> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        let tag = match &event {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => tag,
            _ => continue,
        };
        let value = |name: &str| {
            let attribute = tag.try_get_attribute(name).unwrap();
            attribute.map(|one| String::from_utf8(one.value.into_owned()).unwrap())
        };
        let number = |name: &str| value(name).unwrap().parse().unwrap();
        let kind = match tag.name().as_ref() {
            b"testsuite" => {
                claimed.push(["tests", "failures", "errors", "skipped"].map(number));
                counted.push([0; 4]);
                continue;
            }
            b"testcase" => {
                names.push((value("classname").unwrap(), value("name").unwrap()));
                0
            }
            b"failure" => 1,
            b"error" => 2,
            b"skipped" => 3,
            _ => continue,
        };
        counted.last_mut().unwrap()[kind] += 1;
    }
    assert_eq!(claimed, counted, "{xml}");
    (names, claimed)
}

fn suite_sample() -> Run {
    Run::of(&json::read(include_str!("../../samples/suite.jsonl")).unwrap().records)
}

#[test]
fn counts_add_up_and_no_two_cases_share_class_and_name() {
    let mut placebo = suite_sample();
    placebo.placebo = true;
    for run in [sample(), suite_sample(), placebo, Run::default()] {
        let (names, claimed) = figures(&render(&run));
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert_eq!(claimed.iter().map(|one| one[0]).sum::<usize>(), names.len());
    }
}

#[test]
fn what_was_never_begun_is_skipped_and_says_why() {
    let xml = render(&suite_sample());
    let (names, claimed) = figures(&xml);
    assert!(names.iter().any(|(_, name)| name == "It is never begun"), "{names:?}");
    assert_eq!(claimed.iter().map(|one| one[3]).sum::<usize>(), 1);
    assert!(xml.contains("it was not begun: the run was stopped by SIGTERM"), "{xml}");
    // Of a feature of which nothing began, too.
    let mut run = suite_sample();
    run.scenarios.clear();
    assert!(!render(&run).contains("1970-"));
}

#[test]
fn attempts_are_one_case_and_told_as_what_they_were() {
    let mut run = suite_sample();
    let flaky = render(&run);
    assert_eq!(flaky.matches("<flakyFailure ").count(), 1, "{flaky}");
    assert!(!flaky.contains("<rerun"));
    // The last attempt fails, too.
    run.scenarios[1].finished = Some((Outcome::Broken, 5));
    let failing = render(&run);
    assert_eq!(failing.matches("<rerunFailure ").count(), 1, "{failing}");
    assert_eq!(figures(&flaky).0, figures(&failing).0);
    // It is stopped: what was decided before counts.
    run.scenarios[1].finished = Some((Outcome::Skipped, 5));
    let stopped = render(&run);
    assert!(!stopped.contains("<flaky") && !stopped.contains("<rerun"), "{stopped}");
    assert_eq!(stopped.matches("<failure ").count(), flaky.matches("<failure ").count() + 1);
    // One that is alone of its name has no line in it, however often it was tried.
    run.scenarios.truncate(2);
    run.suite.clear();
    assert_eq!(figures(&render(&run)).0[0].1, "A delay is seen");
}

#[test]
fn a_placebo_runs_cases_are_no_cases_of_the_run_with_faults() {
    let mut run = suite_sample();
    let with: std::collections::BTreeSet<_> = figures(&render(&run)).0.into_iter().collect();
    run.placebo = true;
    let xml = render(&run);
    let without = figures(&xml).0;
    assert!(without.iter().all(|case| case.0 == "faultless" || !with.contains(case)));
    assert!(xml.contains(r#"<property name="placebo" value="true"/>"#), "{xml}");
    assert!(xml.contains("the changes of this scenario were withheld"), "{xml}");
}

#[test]
fn the_file_stays_small_enough_to_be_read() {
    let mut run = sample();
    run.scenarios.truncate(2);
    let long = "ü\n".repeat(100_000);
    let failing = &mut run.scenarios[1];
    failing.left_behind = vec![long.clone(); 3];
    failing.name.clone_from(&long);
    failing.feature.clone_from(&long);
    failing.file = "a".repeat(100_000);
    let one = render(&run);
    assert!(one.len() < 100_000 && one.contains("more characters"), "{}", one.len());
    // GitLab reads 30 MB; each of these would fill both of its texts.
    run = sample();
    let mut failing = run.scenarios.remove(1);
    run.scenarios.clear();
    failing.left_behind = vec!["\u{1f600}".repeat(5_000)];
    for line in 0..1_500 {
        let id = crate::event::ScenarioId(line);
        run.scenarios.push(Scenario { id, line, ..failing.clone() });
    }
    let many = render(&run);
    assert!(many.len() < 30_000_000, "{}", many.len());
    assert_eq!(figures(&many).0.len(), 1_500 + 1);
}

#[test]
fn absurd_times_are_bounded_and_have_three_decimals() {
    let mut run = sample();
    for scenario in &mut run.scenarios {
        scenario.finished = Some((Outcome::Passed, u64::MAX));
        scenario.at = "0000-01-01T00:00:00+23:59".to_owned();
    }
    let xml = render(&run);
    assert!(xml.contains(r#"time="31622400.000""#), "{xml}");
    let times = xml.split(" time=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for time in times {
        let decimals = time.split_once('.').unwrap().1;
        assert!(decimals.len() == 3 && !time.contains(','), "{time}");
    }
}
