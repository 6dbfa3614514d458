//! Recorded runs and what each report makes of them: `samples/*.{txt,xml,html,ndjson}`. With
//! `UPDATE_SAMPLES` set in the environment the files are written anew instead of compared. For
//! tests only (`lib.rs` says so), so what fails here may panic.

use crate::console::{Console, Look, summary};
use crate::run::Run;
use crate::{html, json, junit, messages};

/// A run in which everything happens that can.
const RUN: &str = include_str!("../samples/run.jsonl");
/// Two lanes, three scenarios, one of which fails.
const FEW: &str = include_str!("../samples/few.jsonl");
/// A run without its changes.
const PLACEBO: &str = include_str!("../samples/placebo.jsonl");
/// Part of the first as it was recorded before a claim's observer was told apart.
const OLD: &str = include_str!("../samples/old.jsonl");
/// With the features that were to run: twins in two files, one tried twice, one never begun.
const SUITE: &str = include_str!("../samples/suite.jsonl");

const PLAIN: Look = Look { width: 80, colour: false, live: false, verbose: false };
const VERBOSE: Look = Look { verbose: true, ..PLAIN };

#[track_caller]
fn check(name: &str, produced: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        std::fs::write(&path, produced).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(
        produced == expected,
        "{name} is not what is produced; see UPDATE_SAMPLES in golden.rs"
    );
}

fn run(sample: &str) -> Run {
    Run::of(&json::read(sample).unwrap().records)
}

/// What is shown while it happens.
fn shown(sample: &str, look: Look) -> String {
    let mut console = Console::new(look);
    json::read(sample).unwrap().records.iter().map(|record| console.on(record)).collect()
}

#[test]
fn the_consoles_plain_lines() {
    check("run.txt", &shown(RUN, PLAIN));
    check("run-verbose.txt", &shown(RUN, VERBOSE));
}

#[test]
fn a_recorded_run_on_the_console() {
    let said = summary(&run(RUN), PLAIN);
    check("report.txt", &said);
    check("report-verbose.txt", &summary(&run(RUN), VERBOSE));
    // What a run says of a scenario when it ends is what is said of it later.
    let once = shown(RUN, PLAIN);
    let skipped = |line: &&str| line.starts_with("skipped: ");
    assert!(said.lines().all(|line| skipped(&line) || once.contains(line)), "{said}\n{once}");
}

#[test]
fn lanes_say_a_thing_once_and_a_few_scenarios_show_their_numbers() {
    let said = shown(FEW, PLAIN);
    check("few.txt", &said);
    for line in said.lines() {
        assert_eq!(said.lines().filter(|other| *other == line).count(), 1, "{line}");
    }
    check("few-verbose.txt", &shown(FEW, VERBOSE));
}

#[test]
fn a_placebo_run_says_what_it_showed() {
    check("placebo.txt", &shown(PLACEBO, PLAIN));
    // The same suite, and the second scenario does not need its fault.
    let passing = PLACEBO
        .lines()
        .map(|line| match line.contains("\"scenario\":1,\"outcome\":\"failed\"") {
            true => line.replace("\"failed\"", "\"passed\"") + "\n",
            false => line.replace("\"exit_code\":0", "\"exit_code\":1") + "\n",
        })
        .collect::<String>();
    check("placebo-passing.txt", &shown(&passing, PLAIN));
}

#[test]
fn records_of_earlier_versions_are_shown() {
    check("old.txt", &summary(&run(OLD), PLAIN));
}

#[test]
fn the_junit_file() {
    check("run.xml", &junit::render(&run(RUN)));
    check("suite.xml", &junit::render(&run(SUITE)));
}

#[test]
fn the_messages() {
    check("run.ndjson", &messages::render(&run(RUN)));
    check("suite.ndjson", &messages::render(&run(SUITE)));
}

#[test]
fn the_page() {
    check("run.html", &html::render(&run(RUN)));
}
