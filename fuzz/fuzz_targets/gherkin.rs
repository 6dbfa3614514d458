//! Any text as a feature file: it is read or refused by line, and what is read is filled in.

#![no_main]

use gherkin_parser::{Document, Feature, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(Document { feature }) => {
            for scenario in feature.iter().flat_map(Feature::all_scenarios) {
                // Outlines multiply: a file of a megabyte is bounded where it is read.
                if scenario.examples.len() < 10 {
                    assert!(scenario.instances().iter().all(|it| it.place.line > 0));
                }
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            let lines = text.split('\n').count();
            for error in errors {
                assert!((1..=lines + 1).contains(&error.place.line), "{error}");
            }
        }
    }
});
