//! What others read of us, read by others: `junit.xml` by `junitparser` and by schemas, the
//! messages by Cucumber's own schema and formatters, the sentences by its language service.
//! Python's part comes through pip; Node's is left out, loudly, on a machine that has no Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Place, arg};
use crate::tools;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/readers");

/// For two files: scenarios that share a name, two of them examples, and one without a name.
/// Nothing is claimed: it is about how cases are told apart.
const TWIN: &str = "\
Feature: Twins
  Scenario: seen
    Given every portal sends 5 requests per second
  Scenario Outline: seen
    Given every portal sends <rate> requests per second
    Examples:
      | rate |
      | 10   |
      | 20   |
  Scenario:
    Given every portal sends requests
";

fn reader(program: impl AsRef<std::ffi::OsStr>, script: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(Path::new(DATA).join(script));
    command
}

/// What it says on stdout; it has to end well.
#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (&output.stdout, &output.stderr);
    let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(output.status.success(), "{command:?}: {err}{out}");
    out.into_owned()
}

#[track_caller]
fn read_as_junit(files: &[PathBuf]) {
    let packages = tools::python_packages();
    let mut command = reader("python3", "junit.py");
    command.env("PYTHONPATH", packages).arg(packages.join("junit-10.xsd"));
    said(command.arg(Path::new(DATA).join("junit.xsd")).args(files));
}

/// The page that Cucumber's HTML formatter makes of messages, and its JUnit formatter's file.
fn read_as_messages(file: &Path, place: &Place) -> Option<(String, String)> {
    let node = tools::node_packages()?;
    let page = place.path("cucumber.html");
    let junit = said(reader("node", "messages.mjs").current_dir(node).arg(file).arg(&page));
    Some((fs::read_to_string(page).unwrap(), junit))
}

#[test]
fn recorded_runs_are_read_by_ci_servers() {
    let sample = |name: &str| Path::new("reports/samples").join(name);
    read_as_junit(&[sample("run.xml"), sample("suite.xml")]);
}

#[test]
fn recorded_runs_are_read_by_cucumbers_report_tools() {
    let place = Place::new();
    for name in ["run.ndjson", "suite.ndjson"] {
        let file = fs::canonicalize(Path::new("reports/samples").join(name)).unwrap();
        let Some((page, junit)) = read_as_messages(&file, &place) else { return };
        assert!(page.contains("carry flag DI"), "{name}: no claim is in the page");
        assert!(junit.contains("<testcase "), "{junit}");
    }
}

#[test]
fn a_run_of_twins_is_read_by_all() {
    let place = Place::new();
    let out = place.path("out");
    let files = [place.file("a.feature", TWIN), place.file("b.feature", TWIN)];
    let mut args = vec!["run", arg(&files[0]), arg(&files[1]), "--lanes", "1", "--out", arg(&out)];
    args.extend(["--application", "features/application.yaml"]);
    let ran = place.run(&args);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let junit = out.join("junit.xml");
    let cases = fs::read_to_string(&junit).unwrap();
    assert_eq!(cases.matches("<testcase ").count(), 8, "{cases}");
    read_as_junit(&[junit]);
    let Some((_, cases)) = read_as_messages(&out.join("messages.ndjson"), &place) else { return };
    assert_eq!(cases.matches("<testcase ").count(), 8, "{cases}");
}

#[test]
fn the_sentences_are_read_by_cucumbers_language_service() {
    let Some(node) = tools::node_packages() else { return };
    let place = Place::new();
    let listed = place.run(&["steps", "--json"]);
    let steps = place.file("steps.json", &listed.stdout);
    let features = fs::read_dir("features").unwrap().map(|entry| entry.unwrap().path());
    let features: Vec<_> = features
        .filter(|path| path.extension().is_some_and(|extension| extension == "feature"))
        .map(|path| fs::canonicalize(path).unwrap())
        .collect();
    assert!(features.len() > 3);
    let mut command = reader("node", "steps.cjs");
    let answer = said(command.current_dir(node).arg(steps).args(&features));
    let expressions = listed.stdout.matches("\"expression\":").count();
    assert_eq!(answer, format!("{expressions} suggestions, {} features\n", features.len()));
}
