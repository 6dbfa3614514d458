//! Verdicts against the truth: claims that are nearly true fail on real Envoys, and so does the
//! fault-injection feature when its fault is another one.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use reports::{Event, Outcome, Record, ScenarioId};
use tempfile::TempDir;

/// What became of a scenario.
#[derive(Debug)]
struct Ended {
    name: String,
    outcome: Outcome,
    /// The steps, and whether each passed.
    steps: Vec<(String, Outcome)>,
}

/// Runs the program over these features; its exit code and what became of each scenario.
fn run(features: &[(&str, String)], args: &[&str]) -> (i32, Vec<Ended>) {
    let folder = TempDir::new().unwrap();
    for (name, text) in features {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let out = folder.path().join("out");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_faultless"))
        .arg("run")
        .arg(folder.path())
        .arg("--application")
        .arg(root.join("features/application.yaml"))
        .arg("--out")
        .arg(&out)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let events = fs::read_to_string(out.join("events.jsonl")).unwrap_or_default();
    let records = events.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());
    let ended = ended(records.map(|record| record.event));
    let said = String::from_utf8_lossy(&output.stdout);
    let cried = String::from_utf8_lossy(&output.stderr);
    assert!(!ended.is_empty(), "{said}{cried}");
    println!("{said}{cried}");
    shown_again(&out, &said);
    (output.status.code().unwrap(), ended)
}

/// `report` makes of the record what the run itself made of it: the same papers, and on the
/// terminal the same lines, though each where its scenario began and not where it ended.
fn shown_again(out: &Path, said: &str) {
    let again = TempDir::new().unwrap();
    let report = Command::new(env!("CARGO_BIN_EXE_faultless"))
        .args(["report".as_ref(), out, "--out".as_ref(), again.path()])
        .output()
        .unwrap();
    let summary = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(report.status.success() && !summary.is_empty());
    let unsaid = summary.lines().filter(|line| !said.lines().any(|other| other == *line));
    assert_eq!(unsaid.collect::<Vec<_>>(), [""; 0], "not said by the run:\n{summary}");
    for paper in ["junit.xml", "report.html"] {
        let read = |folder: &Path| fs::read(folder.join(paper)).unwrap();
        assert!(read(again.path()) == read(out), "{paper} differs");
    }
}

fn ended(events: impl Iterator<Item = Event>) -> Vec<Ended> {
    let mut all: Vec<(ScenarioId, Ended)> = Vec::new();
    for event in events {
        let of = |id: ScenarioId, all: &mut Vec<(ScenarioId, Ended)>| {
            all.iter().position(|(known, _)| *known == id).unwrap()
        };
        match event {
            Event::ScenarioStarted { scenario, name, .. } => {
                let ended = Ended { name, outcome: Outcome::Broken, steps: Vec::new() };
                all.push((scenario, ended));
            }
            Event::StepStarted { scenario, text, .. } => {
                let index = of(scenario, &mut all);
                all[index].1.steps.push((text, Outcome::Broken));
            }
            Event::StepFinished { scenario, outcome, .. } => {
                let index = of(scenario, &mut all);
                if let Some(step) = all[index].1.steps.last_mut() {
                    step.1 = outcome;
                }
            }
            Event::ScenarioFinished { scenario, outcome, .. } => {
                let index = of(scenario, &mut all);
                all[index].1.outcome = outcome;
            }
            _ => {}
        }
    }
    all.into_iter().map(|(_, ended)| ended).collect()
}

fn feature(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn nearly_true_claims_fail_at_the_claim_that_is_not() {
    let sharpness = feature("tests/it/data/claims/false.feature");
    let (code, all) = run(&[("false.feature", sharpness)], &[]);
    assert_eq!(code, 1);
    assert_eq!(all.len(), 6);
    for Ended { name, outcome, steps } in &all {
        let expected = match name.contains("vacuous") {
            true => Outcome::Vacuous,
            false => Outcome::Failed,
        };
        assert_eq!(*outcome, expected, "{name}: {steps:?}");
        let ((last, last_outcome), before) = steps.split_last().unwrap();
        assert!(before.iter().all(|(_, outcome)| *outcome == Outcome::Passed), "{name}: {steps:?}");
        assert_eq!(*last_outcome, Outcome::Failed, "{name}: {last}");
    }
}

#[test]
fn the_fault_injection_feature_fails_when_the_fault_is_another_one() {
    let original = feature("features/fault_injection.feature");
    let mut shorter = original.clone();
    for seconds in ["5s", "3s", "2s"] {
        shorter = shorter.replace(&format!("delayed by {seconds}"), "delayed by 1s");
    }
    let elsewhere = original
        .replace("to \"hotels\" is delayed", "to \"cars\" is delayed")
        .replace("to \"hotels\" are delayed", "to \"cars\" are delayed")
        .replace("configuration of \"hotels\"", "configuration of \"cars\"");
    assert_ne!(shorter, original);
    assert_ne!(elsewhere, original);
    let variants = [("shorter.feature", shorter), ("elsewhere.feature", elsewhere)];
    let (code, all) = run(&variants, &[]);
    assert_eq!(code, 1);
    assert_eq!(all.len(), 6);
    for Ended { name, outcome, steps } in &all {
        assert_eq!(*outcome, Outcome::Failed, "{name}: {steps:?}");
    }
    let (code, all) = run(&[("fault_injection.feature", original)], &["--placebo"]);
    assert_eq!(code, 0);
    assert!(all.iter().all(|ended| ended.outcome == Outcome::Failed), "{all:?}");
}
