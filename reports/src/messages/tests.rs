//! What holds of the messages of any run, whatever the schema says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::render;
use crate::json;
use crate::outcome::Outcome;
use crate::run::Run;

const SUITE: &str = include_str!("../../samples/suite.jsonl");
const SAMPLES: [&str; 4] = [
    SUITE,
    include_str!("../../samples/run.jsonl"),
    include_str!("../../samples/old.jsonl"),
    include_str!("../../samples/placebo.jsonl"),
];

fn run(sample: &str) -> Run {
    Run::of(&json::read(sample).unwrap().records)
}

fn messages(run: &Run) -> Vec<Value> {
    render(run).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn all<'a>(messages: &'a [Value], kind: &str) -> Vec<&'a Value> {
    messages.iter().filter_map(|message| message.get(kind)).collect()
}

/// The words and messages of the results, in order.
fn results(messages: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let result = |finished: &Value| {
        let result = &finished["testStepResult"];
        (text(&result["status"]), text(&result["message"]))
    };
    all(messages, "testStepFinished").into_iter().map(result).collect()
}

#[test]
fn every_id_that_is_used_is_given_once() {
    fn ids<'a>(value: &'a Value, given: &mut Vec<&'a str>, used: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, field)| match field {
                Value::String(text) if name == "id" => given.push(text),
                Value::String(text) if name.ends_with("Id") => used.push(text),
                Value::Array(texts) if name.ends_with("Ids") => {
                    used.extend(texts.iter().filter_map(Value::as_str));
                }
                field => ids(field, given, used),
            }),
            Value::Array(items) => items.iter().for_each(|item| ids(item, given, used)),
            _ => {}
        }
    }
    for sample in SAMPLES {
        let messages = messages(&run(sample));
        let (mut given, mut used) = (Vec::new(), Vec::new());
        for message in &messages {
            ids(message, &mut given, &mut used);
        }
        let known: BTreeSet<_> = given.iter().collect();
        assert_eq!(known.len(), given.len(), "an id is given twice");
        for id in used {
            assert!(known.contains(&id), "nothing has the id {id}");
        }
    }
}

#[test]
fn each_attempt_tells_every_step_once_and_ends() {
    for sample in SAMPLES {
        let messages = messages(&run(sample));
        let steps: usize = all(&messages, "testCaseStarted")
            .iter()
            .map(|started| {
                let cases = all(&messages, "testCase");
                let case = cases.iter().find(|case| case["id"] == started["testCaseId"]).unwrap();
                case["testSteps"].as_array().unwrap().len()
            })
            .sum();
        assert_eq!(all(&messages, "testStepStarted").len(), steps);
        assert_eq!(all(&messages, "testStepFinished").len(), steps);
        let started = all(&messages, "testCaseStarted").len();
        assert_eq!(all(&messages, "testCaseFinished").len(), started);
        assert_eq!(all(&messages, "testRunFinished").len(), 1);
    }
}

#[test]
fn outcomes_have_cucumbers_words() {
    let suite = messages(&run(SUITE));
    let results = results(&suite);
    let said = |word: &str, start: &str| {
        results.iter().any(|(status, said)| status == word && said.starts_with(start))
    };
    for (word, start) in [
        ("FAILED", "failed: the source of hotels: 395 of 412"),
        ("PENDING", "inconclusive: the source of hotels: 80.4%"),
        ("SKIPPED", "not reached"),
        ("SKIPPED", "it was not begun"),
        ("PASSED", ""),
    ] {
        assert!(said(word, start), "{word} {start}: {results:?}");
    }
    let attempts = all(&suite, "testCaseFinished");
    let again = attempts.iter().filter(|one| one["willBeRetried"] == true).count();
    assert_eq!((attempts.len(), again), (6, 1));
    let logs = all(&suite, "attachment");
    assert!(logs.iter().any(|log| log["body"].as_str().unwrap().contains("carry flag DI")));
    assert_eq!(all(&suite, "testRunFinished")[0]["success"], false);
}

#[test]
fn without_a_suite_the_attempt_that_came_furthest_has_the_steps() {
    let mut run = run(SUITE);
    run.suite.clear();
    run.scenarios.truncate(2);
    run.scenarios.swap(0, 1);
    run.scenarios[0].steps.truncate(1);
    let messages = messages(&run);
    let failed = results(&messages).iter().any(|(word, said)| word == "FAILED" && !said.is_empty());
    assert!(failed, "{messages:?}");
    let steps = all(&messages, "pickle")[0]["steps"].as_array().unwrap().len();
    assert_eq!(steps, run.scenarios[1].steps.iter().filter(|it| !it.keyword.is_empty()).count());
}

#[test]
fn an_attempt_that_was_stopped_decides_nothing() {
    let mut run = run(SUITE);
    run.scenarios.truncate(2);
    let again = |run: &Run| {
        let messages = messages(run);
        all(&messages, "testCaseFinished").iter().filter(|it| it["willBeRetried"] == true).count()
    };
    assert_eq!(again(&run), 1);
    run.scenarios[1].finished = Some((Outcome::Skipped, 1));
    assert_eq!(again(&run), 0);
    assert!(results(&messages(&run)).iter().any(|(word, _)| word == "FAILED"));
}

#[test]
fn what_happened_outside_of_the_steps_is_told_by_the_hook() {
    let everything = messages(&run(SAMPLES[1]));
    let results = results(&everything);
    let left = ("FAILED", "left behind: DestinationRule travel-agency/travels");
    assert!(results.iter().any(|(word, said)| word == left.0 && said.starts_with(left.1)));
    let broken = "broken: reading telemetry";
    assert!(results.iter().any(|(word, said)| word == "FAILED" && said.starts_with(broken)));
    assert!(results.iter().any(|(word, said)| word == "FAILED" && said.starts_with("vacuous")));
}

#[test]
fn without_faults_what_fails_is_as_it_has_to_be() {
    let mut placebo = run(SAMPLES[3]);
    let failing = messages(&placebo);
    assert!(results(&failing).iter().all(|(word, _)| word != "FAILED"), "{failing:?}");
    placebo.scenarios[0].finished = Some((Outcome::Passed, 1));
    let passing = messages(&placebo);
    assert!(
        results(&passing)
            .iter()
            .any(|(word, said)| word == "FAILED" && said.contains("its changes were withheld"))
    );
}

#[test]
fn foreign_text_stays_in_its_place_and_is_bounded() {
    let mut run = run(SUITE);
    let nasty = format!("\u{1b}[31m\u{0}\u{202e}{}", "x".repeat(50_000));
    for feature in &mut run.suite {
        feature.name.clone_from(&nasty);
        for scenario in &mut feature.scenarios {
            scenario.name.clone_from(&nasty);
            scenario.steps[0].text.clone_from(&nasty);
            scenario.steps[0].doc_string = Some(nasty.clone());
        }
    }
    run.scenarios[0].left_behind.push(nasty);
    let text = render(&run);
    assert!(text.len() < 500_000, "{}", text.len());
    assert!(!text.contains("\\u001b") && !text.contains('\u{202e}'));
    assert_eq!(messages(&Run::default()).len(), 4, "meta, hook, begin and end");
}
