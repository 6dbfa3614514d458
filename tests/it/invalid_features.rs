//! What cannot be meant is found without a mesh, at the step that says it, and a run refuses it
//! before it touches anything.

use std::path::Path;
use std::process::{Command, Stdio};

/// What is said about each scenario of the file, in order.
const SAID: [&str; 30] = [
    "add up to 90",
    "no version `v9`",
    "has the subset \"v2\"",
    "timeout and fault on one rule",
    "retries and fault on one rule",
    "can never be used: rule 0",
    "two objects for one host",
    "only DestinationRule and VirtualService",
    "travels-v3",
    "no environment variable `SLEPE`",
    "it speaks TCP",
    "claim shares of connections",
    "no load is sent there",
    "did you mean `loadtester`?",
    "add up to 110",
    "no version `v9`",
    "no version `v9`",
    "has the subset \"v3\" (it has: v1)",
    "timeout and fault on one rule",
    "retries and fault on one rule",
    "two objects for one host",
    "two objects for one host",
    "a slow answer delays the next request",
    "before it has grown",
    "timeout and fault on one rule",
    "`keep-alive` belongs to one connection",
    "`content-length` says how long the body is",
    "without scheme and path",
    "is never sent (RFC 9110, section 7.1): say `/travels`",
    "`/travels/Besan%C3%A7on`",
];

fn faultless(args: &[&str]) -> (Option<i32>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_faultless"))
        .current_dir(root)
        .args(args)
        .args(["tests/it/data/claims/invalid.feature"])
        .args(["--application", "features/application.yaml"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn nonsense_is_found_at_its_own_line() {
    let text = include_str!("data/claims/invalid.feature");
    let lines = text.lines().enumerate().filter(|(_, line)| line.trim() == "# here");
    // Lines count from 1, and the step is on the next one.
    let lines: Vec<usize> = lines.map(|(index, _)| index + 2).collect();
    assert_eq!(lines.len(), SAID.len());
    for command in ["check", "run"] {
        let (code, said) = faultless(&[command]);
        assert_eq!(code, Some(2), "{said}");
        for (line, expected) in lines.iter().zip(SAID) {
            let place = format!("invalid.feature:{line}:");
            let found = said.split_once(&place).unwrap_or_else(|| panic!("{place} in {said}")).1;
            let here = found.split("invalid.feature:").next().unwrap_or_default();
            let here = here.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(here.contains(expected), "line {line}: {expected} in {here}");
        }
        assert_eq!(said.matches("invalid.feature:").count(), lines.len(), "{said}");
    }
}
