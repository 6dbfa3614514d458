//! Any text as a page of metrics: each line is a sample or is refused by itself.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let count = text.split('\n').count();
    for line in exposition::lines(text) {
        match line {
            Ok(line) => {
                assert!((1..=count).contains(&line.number));
                let _ = line.name();
                let _ = line.sample();
            }
            Err(error) => assert!((1..=count).contains(&error.line), "{error:?}"),
        }
    }
});
