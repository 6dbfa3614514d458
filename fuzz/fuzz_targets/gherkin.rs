//! Any text as a feature file: it is read or refused by line, and what is read is filled in.

#![no_main]

use gherkin_parser::{Document, Feature, Room, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(Document { feature }) => {
            for scenario in feature.iter().flat_map(Feature::all_scenarios) {
                if let Ok(instances) = scenario.instances(&mut Room::default()) {
                    assert!(instances.iter().all(|it| it.place.line > 0));
                }
            }
        }
        Err(refused) => {
            assert!(!refused.errors.is_empty());
            let lines = text.split('\n').count();
            for error in refused.errors {
                assert!((1..=lines + 1).contains(&error.place.line), "{error}");
            }
        }
    }
});
