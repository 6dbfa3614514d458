//! The official parser (`gherkin-official` of `PyPI`) and this one, on the same files: the files of
//! the cases, and generated ones. `GHERKIN_FILES` says how many of these (300 if it does not);
//! `GHERKIN_FOLDER` names a folder of `.feature` files to compare as well, such as the official
//! test data. Skipped, and told, where there is no Python or no pip.

mod generated;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use gherkin_parser::{
    Background, Described, Document, Feature, Instance, Kind, Room, Row, Scenario, Step, parse,
};
use serde_json::{Value, json};

const RELEASE: &str = "gherkin-official==42.0.1";

/// Where the official parser lies; nothing if it cannot be had.
fn official() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(RELEASE.replace("==", "-"));
    if !folder.join("gherkin").is_dir() {
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let mut pip = Command::new("python3");
        pip.args(quiet).arg("--target").arg(&folder).arg(RELEASE);
        // A pip without wheels of its own makes caches that nobody needs.
        pip.arg("--no-cache-dir").stderr(Stdio::inherit());
        if !pip.status().is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: {RELEASE} cannot be had by pip, nothing was compared");
            return None;
        }
    }
    Some(folder)
}

/// How many files were compared.
#[derive(Debug, Default)]
struct Compared {
    all: u64,
    without_errors: u64,
}

/// Compares what both say of each file of a folder; nothing if nobody could be asked.
fn compared(files: &Path) -> Option<Compared> {
    let folder = official()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/official/official.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(files).env("PYTHONPATH", folder);
    let output = python.stderr(Stdio::inherit()).output().expect("python3 runs");
    assert!(output.status.success(), "the official parser stopped");
    let mut compared = Compared::default();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let mut official: Value = serde_json::from_str(line).expect("JSON");
        let name = official["file"].as_str().expect("a name").to_owned();
        official.as_object_mut().expect("an object").remove("file");
        let text = fs::read_to_string(files.join(&name)).expect("readable");
        assert_eq!(says(&text), official, "{name}:\n{text}");
        compared.all += 1;
        compared.without_errors += u64::from(official.get("errors").is_none());
    }
    println!("both say the same: {compared:?}");
    Some(compared)
}

/// The same of this parser.
fn says(text: &str) -> Value {
    match parse(text) {
        Err(refused) => {
            let mut lines: Vec<usize> =
                refused.errors.iter().map(|error| error.place.line).collect();
            lines.dedup();
            json!({"errors": lines})
        }
        Ok(Document { feature: None }) => json!({"document": null, "pickles": []}),
        Ok(Document { feature: Some(feature) }) => {
            json!({"document": document(&feature), "pickles": pickles(&feature)})
        }
    }
}

fn document(feature: &Feature) -> Vec<Value> {
    let mut first = head(&feature.head, "feature");
    first.as_array_mut().expect("an array").push(json!(feature.language));
    let mut said = vec![first];
    said.extend(feature.background.iter().flat_map(background));
    said.extend(feature.scenarios.iter().flat_map(scenario));
    for rule in &feature.rules {
        said.push(head(&rule.head, "rule"));
        said.extend(rule.background.iter().flat_map(background));
        said.extend(rule.scenarios.iter().flat_map(scenario));
    }
    said
}

fn head(head: &Described, kind: &str) -> Value {
    let tags = head.tags.iter().map(|tag| json!([tag.name, tag.place.line, tag.place.column]));
    let tags: Vec<_> = tags.collect();
    let Described { place, keyword, name, description, .. } = head;
    json!([kind, place.line, place.column, keyword, name, description.text(), tags])
}

fn background(background: &Background) -> Vec<Value> {
    [vec![head(&background.head, "background")], steps(&background.steps)].concat()
}

fn scenario(scenario: &Scenario) -> Vec<Value> {
    let mut said = vec![head(&scenario.head, "scenario")];
    said.extend(steps(&scenario.steps));
    for examples in &scenario.examples {
        said.push(head(&examples.head, "examples"));
        said.push(rows(examples.header.iter().chain(&examples.rows)));
    }
    said
}

fn steps(steps: &[Step]) -> Vec<Value> {
    let each = steps.iter().map(|step| {
        let kind = match step.kind {
            Kind::Context => "Context",
            Kind::Action => "Action",
            Kind::Outcome => "Outcome",
            Kind::Conjunction => "Conjunction",
            Kind::Unknown => "Unknown",
        };
        json!(["step", step.place.line, step.place.column, step.keyword, kind])
    });
    each.collect()
}

fn rows<'a>(rows: impl Iterator<Item = &'a Row>) -> Value {
    rows.map(|row| json!(row.cells)).collect()
}

fn pickles(feature: &Feature) -> Vec<Value> {
    let steps_of = |background: &Option<Background>| {
        background.as_ref().map(|background| background.steps.clone()).unwrap_or_default()
    };
    let tags_of = |head: &Described| head.tags.iter().map(|tag| tag.name.clone()).collect();
    let (before, tags): (Vec<Step>, Vec<String>) =
        (steps_of(&feature.background), tags_of(&feature.head));
    let mut made = Vec::new();
    for scenario in &feature.scenarios {
        let instances = scenario.instances(&mut Room::default()).expect("it is little");
        made.extend(instances.iter().map(|instance| pickle(&tags, &before, instance)));
    }
    for rule in &feature.rules {
        let before = [before.clone(), steps_of(&rule.background)].concat();
        let tags = [tags.clone(), tags_of(&rule.head)].concat();
        for scenario in &rule.scenarios {
            let instances = scenario.instances(&mut Room::default()).expect("it is little");
            made.extend(instances.iter().map(|instance| pickle(&tags, &before, instance)));
        }
    }
    made
}

fn pickle(tags: &[String], before: &[Step], instance: &Instance) -> Value {
    let before = if instance.steps.is_empty() { &[] } else { before };
    let each = before.iter().chain(&instance.steps).map(|step| {
        let text = step.doc_string.as_ref().map(|text| json!([text.media_type, text.content]));
        json!([step.text, text, rows(step.table.iter())])
    });
    let steps: Vec<_> = each.collect();
    let own = instance.tags.iter().map(|tag| &tag.name);
    let tags: Vec<_> = tags.iter().chain(own).collect();
    json!([instance.name, instance.place.line, tags, steps])
}

fn temporary(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn generated_files_say_the_same() {
    let count = env::var("GHERKIN_FILES").map_or(300, |count| count.parse().expect("a number"));
    let folder = temporary("generated-features");
    for seed in 0..count {
        let text = generated::file(seed);
        fs::write(folder.join(format!("{seed:06}.feature")), text).expect("written");
    }
    if let Some(Compared { all, without_errors }) = compared(&folder) {
        assert_eq!(all, count);
        // Files that are all wrong would compare little.
        assert!(without_errors * 4 > all, "{without_errors} of {all} without an error");
    }
}

#[test]
fn files_of_a_folder_say_the_same() {
    let Ok(from) = env::var("GHERKIN_FOLDER") else { return };
    let folder = temporary("named-features");
    for file in fs::read_dir(&from).expect("a folder") {
        let file = file.expect("readable").path();
        if file.extension().is_some_and(|extension| extension == "feature") {
            let name = file.file_name().expect("a name");
            fs::copy(&file, folder.join(name)).expect("copied");
        }
    }
    if let Some(Compared { all, .. }) = compared(&folder) {
        assert!(all > 0, "no .feature file in {from}");
    }
}
