//! Objects that somebody wrote: ours, and Istio's.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::round_trip::texts_of_the_repository;
use crate::upstream::files_below;

pub(super) fn of_the_repository() -> Vec<Value> {
    texts_of_the_repository().iter().flat_map(|text| objects(text).0).collect()
}

/// The objects in the samples, tests and charts of Istio's module, those within its Go code
/// included; and how many documents could not be read, which are templates.
pub(super) fn of_istio(module: &Path) -> (Vec<Value>, usize) {
    let (mut found, mut unread) = (Vec::new(), 0);
    for path in files_below(module, &["yaml", "yml", "go"]) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let go = path.extension().is_some_and(|end| end == "go");
        // Raw strings of Go stand between backticks.
        let texts = match go {
            true => text.split('`').skip(1).step_by(2).collect(),
            false => vec![text.as_str()],
        };
        for text in texts {
            let (objects, broken) = objects(text);
            found.extend(objects);
            unread += broken.len();
            let template = |text: &String| text.contains("{{") || go;
            assert!(broken.iter().all(template), "{}: {broken:#?}", path.display());
        }
    }
    (found, unread)
}

const KINDS: [&str; 2] = ["VirtualService", "DestinationRule"];

/// The objects in a text of several documents, lists opened; and the documents that speak of one
/// and are no YAML.
fn objects(text: &str) -> (Vec<Value>, Vec<String>) {
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for document in text.split("\n---") {
        if !KINDS.iter().any(|kind| document.contains(kind)) {
            continue;
        }
        // What follows the dashes on their line is part of the document, or a comment.
        let Ok(value) = serde_yaml::from_str::<Value>(document) else {
            broken.push(document.to_owned());
            continue;
        };
        let items = value["items"].as_array().cloned();
        for value in items.unwrap_or_else(|| vec![value]) {
            let group = value["apiVersion"].as_str().unwrap_or_default();
            let kind = KINDS.iter().any(|kind| value["kind"] == *kind);
            if kind && group.starts_with("networking.istio.io/") {
                found.push(value);
            }
        }
    }
    (found, broken)
}
