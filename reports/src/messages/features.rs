//! What was to run: a `gherkinDocument` for each feature and a `pickle` for each scenario. An
//! outline is as many scenarios as it has examples, because that is how the record has it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::run::{Run, Scenario as Ran};
use crate::suite::{Feature, Kind, Rule, Scenario, Step};
use crate::text;

/// A scenario's pickle, with what it takes to tell how it went.
pub(super) struct Pickle {
    pub id: String,
    /// Its feature's file and its line: what a scenario that ran has, too.
    pub place: (String, u32),
    /// How many steps it has, those of its backgrounds included.
    pub steps: usize,
    pub message: Value,
}

/// The features of a run. Those of a record that does not have them are made of what ran.
pub(super) fn of(run: &Run) -> Vec<Feature> {
    let mut features = run.suite.clone();
    let told: HashSet<(String, u32)> = features
        .iter()
        .flat_map(|feature| feature.all().map(|(_, one)| (feature.file.clone(), one.line)))
        .collect();
    // Of what was tried again, the attempt that came furthest.
    let reached = |ran: &Ran| ran.steps.iter().filter(|step| !step.keyword.is_empty()).count();
    let mut furthest: HashMap<(&str, u32), usize> = HashMap::new();
    let mut ran: Vec<&Ran> = Vec::new();
    for one in &run.scenarios {
        let next = ran.len();
        match furthest.entry((&one.file, one.line)) {
            Entry::Occupied(known) if reached(ran[*known.get()]) < reached(one) => {
                ran[*known.get()] = one;
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if told.contains(&(one.file.clone(), one.line)) => {}
            Entry::Vacant(place) => {
                place.insert(next);
                ran.push(one);
            }
        }
    }
    for ran in ran {
        let same = |feature: &&mut Feature| feature.file == ran.file && feature.name == ran.feature;
        match features.iter_mut().find(same) {
            Some(feature) => feature.scenarios.push(as_written(ran)),
            None => features.push(Feature {
                file: ran.file.clone(),
                line: 1,
                keyword: "Feature".to_owned(),
                name: ran.feature.clone(),
                scenarios: vec![as_written(ran)],
                ..Feature::default()
            }),
        }
    }
    features
}

/// A scenario as far as it was reached.
fn as_written(ran: &Ran) -> Scenario {
    let mut last = Kind::Given;
    let steps = ran.steps.iter().filter(|step| !step.keyword.is_empty()).map(|step| {
        last = match step.keyword.as_str() {
            "Given" => Kind::Given,
            "When" => Kind::When,
            "Then" => Kind::Then,
            _ => last,
        };
        Step {
            keyword: step.keyword.clone(),
            kind: last,
            text: step.text.clone(),
            line: step.line,
            ..Step::default()
        }
    });
    Scenario {
        line: ran.line,
        keyword: "Scenario".to_owned(),
        name: ran.name.clone(),
        steps: steps.collect(),
        tags: ran.tags.clone(),
    }
}

/// The document of the feature with this number, and its pickles.
pub(super) fn document(number: usize, feature: &Feature) -> (Value, Vec<Pickle>) {
    let id = format!("f{number}");
    let mut pickles = Vec::new();
    let mut children = children(&id, &feature.background, &feature.scenarios);
    let whole = Around { feature, rule: None, id: &id };
    pickles.extend((0..).zip(&feature.scenarios).map(|(at, one)| whole.pickle(at, one)));
    for (at, rule) in feature.rules.iter().enumerate() {
        let id = format!("{id}.r{at}");
        children.push(json!({ "rule": {
            "location": place(rule.line),
            "tags": tags(&id, &rule.tags, rule.line),
            "keyword": text::line(&rule.keyword),
            "name": text::line(&rule.name),
            "description": "",
            "children": self::children(&id, &rule.background, &rule.scenarios),
            "id": id,
        }}));
        let around = Around { feature, rule: Some(rule), id: &id };
        pickles.extend((0..).zip(&rule.scenarios).map(|(at, one)| around.pickle(at, one)));
    }
    let document = json!({ "gherkinDocument": {
        "uri": text::line(&feature.file),
        "feature": {
            "location": place(feature.line),
            "tags": tags(&id, &feature.tags, feature.line),
            "language": "en",
            "keyword": text::line(&feature.keyword),
            "name": text::line(&feature.name),
            "description": text::block(&feature.description),
            "children": children,
        },
        "comments": [],
    }});
    (document, pickles)
}

fn children(id: &str, background: &[Step], scenarios: &[Scenario]) -> Vec<Value> {
    let mut children = Vec::new();
    if let Some(first) = background.first() {
        let id = format!("{id}.b");
        children.push(json!({ "background": {
            // Its own line is not in the record.
            "location": place(first.line.saturating_sub(1)),
            "keyword": "Background",
            "name": "",
            "description": "",
            "steps": steps(&id, background),
            "id": id,
        }}));
    }
    for (at, scenario) in scenarios.iter().enumerate() {
        let id = format!("{id}.s{at}");
        children.push(json!({ "scenario": {
            "location": place(scenario.line),
            "tags": tags(&id, &scenario.tags, scenario.line),
            "keyword": text::line(&scenario.keyword),
            "name": text::line(&scenario.name),
            "description": "",
            "steps": steps(&id, &scenario.steps),
            "examples": [],
            "id": id,
        }}));
    }
    children
}

fn steps(parent: &str, steps: &[Step]) -> Vec<Value> {
    let mut last = None;
    let step = |(at, step): (usize, &Step)| {
        let id = format!("{parent}.{at}");
        let kind = kind(step.kind);
        // `And` and `But` continue the step before.
        let again = last.replace(kind) == Some(kind) && is_conjunction(&step.keyword);
        let mut value = json!({
            "location": place(step.line),
            "keyword": format!("{} ", text::line(&step.keyword)),
            "keywordType": if again { "Conjunction" } else { kind },
            "text": text::line(&step.text),
            "id": id,
        });
        if let Some(content) = &step.doc_string {
            value["docString"] = json!({
                "location": place(step.line.saturating_add(1)),
                "content": text::block(content),
                "delimiter": "\"\"\"",
            });
        }
        if !step.table.is_empty() {
            value["dataTable"] = json!({
                "location": place(step.line.saturating_add(1)),
                "rows": (1..).zip(&step.table).map(|(number, row)| {
                    let line = place(step.line.saturating_add(number));
                    json!({
                        "location": line,
                        "cells": cells(row, |cell| json!({ "location": line, "value": cell })),
                        "id": format!("{id}.{number}"),
                    })
                }).collect::<Vec<_>>(),
            });
        }
        value
    };
    steps.iter().enumerate().map(step).collect()
}

fn is_conjunction(keyword: &str) -> bool {
    !matches!(keyword, "Given" | "When" | "Then")
}

fn cells(row: &[String], of: impl Fn(String) -> Value) -> Vec<Value> {
    row.iter().map(|cell| of(text::line(cell))).collect()
}

/// What a scenario is in.
struct Around<'a> {
    feature: &'a Feature,
    rule: Option<&'a Rule>,
    id: &'a str,
}

// === impl Around ===

impl Around<'_> {
    fn pickle(&self, at: usize, scenario: &Scenario) -> Pickle {
        let Self { feature, rule, id } = self;
        let own = format!("{id}.s{at}");
        let feature_id = id.split('.').next().unwrap_or_default();
        let (rule_steps, rule_tags) =
            rule.map(|rule| (rule.background.as_slice(), rule.tags.as_slice())).unwrap_or_default();
        let parts = [
            (format!("{feature_id}.b"), feature.background.as_slice()),
            (format!("{id}.b"), rule_steps),
            (own.clone(), scenario.steps.as_slice()),
        ];
        let pickle_id = format!("p.{own}");
        let nodes = parts.iter().flat_map(|(parent, steps)| {
            steps.iter().enumerate().map(move |(at, step)| (format!("{parent}.{at}"), step))
        });
        let steps: Vec<Value> = nodes
            .enumerate()
            .map(|(at, (node, step))| pickle_step(&format!("{pickle_id}.{at}"), &node, step))
            .collect();
        let tagged = [
            (feature_id, feature.tags.as_slice()),
            (id, rule_tags),
            (own.as_str(), scenario.tags.as_slice()),
        ];
        let tags = tagged.iter().flat_map(|(parent, tags)| {
            tags.iter().enumerate().map(move |(at, tag)| {
                json!({ "name": tag_name(tag), "astNodeId": format!("{parent}.t{at}") })
            })
        });
        let message = json!({ "pickle": {
            "id": pickle_id,
            "uri": text::line(&feature.file),
            "location": place(scenario.line),
            "name": text::line(&scenario.name),
            "language": "en",
            "steps": steps,
            "tags": tags.collect::<Vec<_>>(),
            "astNodeIds": [own],
        }});
        let place = (feature.file.clone(), scenario.line);
        Pickle { id: pickle_id, place, steps: steps.len(), message }
    }
}

fn pickle_step(id: &str, node: &str, step: &Step) -> Value {
    let mut value = json!({
        "id": id,
        "text": text::line(&step.text),
        "type": kind(step.kind),
        "astNodeIds": [node],
    });
    if let Some(content) = &step.doc_string {
        value["argument"]["docString"] = json!({ "content": text::block(content) });
    }
    if !step.table.is_empty() {
        let row =
            |row: &Vec<String>| json!({ "cells": cells(row, |cell| json!({ "value": cell })) });
        let rows: Vec<Value> = step.table.iter().map(row).collect();
        value["argument"]["dataTable"] = json!({ "rows": rows });
    }
    value
}

fn tags(parent: &str, tags: &[String], line: u32) -> Vec<Value> {
    // The lines of tags are not in the record; they stand above what they belong to.
    let line = place(line.saturating_sub(1));
    let tag = |(at, tag): (usize, &String)| {
        let id = format!("{parent}.t{at}");
        json!({ "location": line, "name": tag_name(tag), "id": id })
    };
    tags.iter().enumerate().map(tag).collect()
}

fn tag_name(tag: &str) -> String {
    format!("@{}", text::line(tag))
}

fn place(line: u32) -> Value {
    json!({ "line": line.max(1) })
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Given => "Context",
        Kind::When => "Action",
        Kind::Then => "Outcome",
    }
}
