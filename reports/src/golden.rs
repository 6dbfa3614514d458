//! The recorded sample run and what each report makes of it: `samples/run.{txt,xml,html}`. With
//! `UPDATE_SAMPLES` set in the environment the files are written anew instead of compared. For
//! tests only (`lib.rs` says so), so what fails here may panic.

use crate::terminal::{Look, Terminal, summary};
use crate::{Run, html, json, junit};

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

fn records() -> Vec<crate::Record> {
    json::read(include_str!("../samples/run.jsonl")).unwrap().records
}

#[test]
fn the_terminals_plain_lines() {
    let mut terminal = Terminal::new(Look { width: 80, colour: false, live: false });
    let lines: String = records().iter().map(|record| terminal.on(record)).collect();
    check("run.txt", &lines);
    let summary = summary(&Run::of(&records()), Look { width: 80, colour: false, live: false });
    assert!(lines.ends_with(&summary), "{summary}");
}

#[test]
fn the_junit_file() {
    check("run.xml", &junit::render(&Run::of(&records())));
}

#[test]
fn the_page() {
    check("run.html", &html::render(&Run::of(&records())));
}
