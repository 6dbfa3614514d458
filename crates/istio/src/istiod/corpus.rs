//! Objects that somebody wrote: ours, and Istio's.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::round_trip::texts_of_the_repository;
use crate::upstream::files_below;

pub(super) fn of_the_repository() -> Vec<Value> {
    texts_of_the_repository().iter().flat_map(|text| objects(text).0).collect()
}

/// The objects in the samples, tests and charts of Istio's module, and how many documents could not
/// be read: templates, and what is broken on purpose.
pub(super) fn of_istio(module: &Path) -> (Vec<Value>, usize) {
    let (mut found, mut unread) = (Vec::new(), 0);
    for path in files_below(module, &["yaml", "yml"]) {
        let (objects, broken) = objects(&fs::read_to_string(&path).unwrap_or_default());
        found.extend(objects);
        unread += broken;
    }
    (found, unread)
}

const KINDS: [&str; 2] = ["VirtualService", "DestinationRule"];

/// The objects in a text of several documents, lists opened; and how many documents that speak of
/// one are no YAML.
fn objects(text: &str) -> (Vec<Value>, usize) {
    let (mut found, mut broken) = (Vec::new(), 0);
    for document in text.split("\n---") {
        if !KINDS.iter().any(|kind| document.contains(kind)) {
            continue;
        }
        // What follows the dashes on their line is part of the document, or a comment.
        let Ok(value) = serde_yaml::from_str::<Value>(document) else {
            broken += 1;
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
