//! `tests/cluster/parity`, which holds what a cluster said against what the local mesh said: over
//! small records, without either.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// How the command ended, and all that it said.
fn compared(local: &str, cluster: &str) -> (Option<i32>, String) {
    let place = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("events.jsonl"), text).unwrap();
        folder
    };
    let both = [file("local", local), file("cluster", cluster)];
    let said = Command::new("tests/cluster/parity").args(both).output().unwrap();
    let text = [said.stdout, said.stderr].concat();
    (said.status.code(), String::from_utf8(text).unwrap())
}

/// A run of one scenario with one sentence, of which each observer judged so.
fn record(observers: &[(&str, &str)]) -> String {
    let judged = |(observer, outcome): &(&str, &str)| {
        format!(
            "{{\"event\":\"judged\",\"scenario\":0,\"outcome\":\"{outcome}\",\"claim\":\"no \
             request fails\",\"observer\":\"{observer}\",\"numbers\":\"0 of 9\"}}\n"
        )
    };
    let judged: String = observers.iter().map(judged).collect();
    format!(
        "{{\"event\":\"run_started\",\"placebo\":false}}\n\
         {{\"event\":\"scenario_started\",\"scenario\":0,\"file\":\"a.feature\",\"line\":3,\
         \"name\":\"A delay\"}}\n\
         {{\"event\":\"step_started\",\"scenario\":0,\"line\":5}}\n{judged}\
         {{\"event\":\"scenario_finished\",\"scenario\":0,\"outcome\":\"passed\"}}\n\
         {{\"event\":\"run_finished\",\"exit_code\":0}}\n"
    )
}

#[test]
fn the_same_verdicts_are_parity_in_whatever_order_they_came() {
    let one = record(&[("a", "passed"), ("b", "failed"), ("a", "passed")]);
    let other = record(&[("b", "failed"), ("a", "passed"), ("a", "passed")]);
    let (code, said) = compared(&one, &other);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("4 claims, 0 of them"), "{said}");
    assert!(said.contains("a.feature:3  A delay"), "{said}");
}

#[test]
fn another_verdict_or_none_is_told_in_its_line() {
    let local = record(&[("a", "passed"), ("b", "passed"), ("a", "passed")]);
    let cluster = record(&[("a", "passed"), ("b", "inconclusive")]);
    let (code, said) = compared(&local, &cluster);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("! passed        inconclusive  no request fails: b\n"), "{said}");
    assert!(said.contains("! passed        -             no request fails: a\n"), "{said}");
    assert!(said.contains("4 claims, 2 of them"), "{said}");
}

#[test]
fn what_says_nothing_is_no_parity() {
    let whole = record(&[("a", "passed")]);
    let cut = whole.lines().next().unwrap().to_owned() + "\n";
    let placebo = whole.replace("\"placebo\":false", "\"placebo\":true");
    let empty = format!("{}\n{}\n", whole.lines().next().unwrap(), whole.lines().last().unwrap());
    for (local, cluster, why) in [
        (&whole, &cut, "did not come to its end"),
        (&String::new(), &whole, "did not come to its end"),
        (&"nonsense\n".to_owned(), &whole, "no record of a run"),
        (&whole, &placebo, "was a placebo"),
        (&empty, &empty, "neither record has a claim"),
    ] {
        let (code, said) = compared(local, cluster);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(why), "{why} is not in {said}");
    }
}
