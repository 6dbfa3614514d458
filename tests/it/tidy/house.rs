//! Runs every rule: over the repository, which must keep it, and over its samples, which show that
//! it can fail.

use std::fmt::Write as _;

use super::repository::repository;
use super::rule::{Breaker, HouseRule, Rule};
use super::source::{Source, mark_unit_tests};
use super::{circles, files, layers, maps, sizes, words};

fn rules() -> impl Iterator<Item = &'static Rule> {
    [files::RULES, words::RULES, sizes::RULES, layers::RULES].into_iter().flatten()
}

const HOUSE_RULES: &[&HouseRule] = &[&circles::RULE, &maps::RULE];

#[test]
fn every_file_keeps_every_rule() {
    let sources = repository();
    let mut report = String::new();
    for rule in rules() {
        let broken: Vec<String> = sources
            .iter()
            .flat_map(|source| {
                let found = (rule.check)(source);
                found.into_iter().map(|(line, what)| format!("  {}:{line}: {what}", source.path))
            })
            .collect();
        if !broken.is_empty() {
            let _ = writeln!(report, "{} ({}):\n{}", rule.name, rule.why, broken.join("\n"));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_rule_can_fail() {
    for rule in rules() {
        assert!(!rule.bad.is_empty(), "{} has no sample that breaks it", rule.name);
        for (path, text) in rule.bad {
            let found = (rule.check)(&Source::new(path, text));
            assert!(!found.is_empty(), "{}: `{text}` in {path} was not noticed", rule.name);
        }
        for (path, text) in rule.good {
            let found = (rule.check)(&Source::new(path, text));
            assert!(found.is_empty(), "{}: `{text}` in {path} gave {found:?}", rule.name);
        }
    }
}

#[test]
fn only_known_modules_break_a_rule_of_the_house() {
    let sources = repository();
    let mut report = String::new();
    for rule in HOUSE_RULES {
        let wrong = compared(&rule.known.concat(), (rule.check)(&sources));
        if !wrong.is_empty() {
            let _ = writeln!(report, "{} ({}):\n{}", rule.name, rule.why, wrong.join("\n"));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_rule_of_the_house_can_fail() {
    let check = |rule: &HouseRule, sample: &[(&str, &str)]| {
        let new = |(path, text): &(&str, &str)| Source::new(path, text);
        let mut sources: Vec<Source> = sample.iter().map(new).collect();
        mark_unit_tests(&mut sources);
        (rule.check)(&sources)
    };
    for rule in HOUSE_RULES {
        assert!(!rule.bad.is_empty(), "{} has no sample that breaks it", rule.name);
        for sample in rule.bad {
            assert!(!check(rule, sample).is_empty(), "{}: {sample:?} was not noticed", rule.name);
        }
        for sample in rule.good {
            let found = check(rule, sample);
            assert!(found.is_empty(), "{}: {sample:?} gave {found:?}", rule.name);
        }
    }
}

#[test]
fn a_list_of_breakers_only_shrinks() {
    let found = || vec![("a".to_owned(), "broken".to_owned())];
    assert!(compared(&["a"], found()).is_empty());
    assert_eq!(compared(&[], found()), ["  `a` breaks it now: broken"]);
    assert_eq!(compared(&["a", "b"], found()), ["  `b` keeps it now: take it off the list"]);
}

/// How what breaks a rule differs from what is known to.
fn compared(known: &[&str], found: Vec<Breaker>) -> Vec<String> {
    let kept = known.iter().filter(|known| !found.iter().any(|(module, _)| module == *known));
    let mut wrong: Vec<String> =
        kept.map(|module| format!("  `{module}` keeps it now: take it off the list")).collect();
    let new = found.into_iter().filter(|(module, _)| !known.contains(&module.as_str()));
    wrong.extend(new.map(|(module, what)| format!("  `{module}` breaks it now: {what}")));
    wrong
}
