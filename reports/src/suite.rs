//! The features of a run as their files say it, read and expanded: what was going to run. It is in
//! the record, so that reports can also tell of what was not reached.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// A feature.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Feature {
    /// Path of its file as given.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// `Feature`, as written.
    pub keyword: String,
    /// Its name.
    pub name: String,
    /// What is written below its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Tags without `@`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Steps that go before those of each scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Step>,
    /// Its scenarios outside of rules; of an outline one for each example.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<Scenario>,
    /// Its rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// Its line.
    pub line: u32,
    /// `Rule`, as written.
    pub keyword: String,
    /// Its name.
    pub name: String,
    /// Tags without `@`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Steps that go before those of each scenario, after the feature's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<Step>,
    /// Its scenarios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<Scenario>,
}

/// A scenario, or an example of an outline.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scenario {
    /// Its line; of an example the example's.
    pub line: u32,
    /// `Scenario` or `Scenario Outline`, as written.
    pub keyword: String,
    /// Its name.
    pub name: String,
    /// Its own tags without `@`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its own steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Step {
    /// `Given`, `When`, `And`, …, as written.
    pub keyword: String,
    /// What that means: an `And` continues the one before.
    pub kind: Kind,
    /// The sentence.
    pub text: String,
    /// Its line.
    pub line: u32,
    /// The text below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_string: Option<String>,
    /// The table below it, row by row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Vec<String>>,
}

/// What a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Brings about what is before.
    #[default]
    Given,
    /// Does something.
    When,
    /// Expects something.
    Then,
}

// === impl Feature ===

impl Feature {
    /// All its scenarios, each with the rule that it is in.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Option<&Rule>, &Scenario)> {
        let outside = self.scenarios.iter().map(|scenario| (None, scenario));
        let of = |rule| move |scenario| (Some(rule), scenario);
        let inside = self.rules.iter().flat_map(move |rule| rule.scenarios.iter().map(of(rule)));
        outside.chain(inside)
    }

    /// Takes in what another part of the same suite has of the same feature.
    pub(crate) fn join(&mut self, part: Self) {
        add(&mut self.scenarios, part.scenarios);
        for rule in part.rules {
            match self.rules.iter_mut().find(|known| known.line == rule.line) {
                Some(known) => add(&mut known.scenarios, rule.scenarios),
                None => self.rules.push(rule),
            }
        }
    }
}

/// Adds those that are not known: parts may overlap.
fn add(known: &mut Vec<Scenario>, more: Vec<Scenario>) {
    let lines: HashSet<u32> = known.iter().map(|scenario| scenario.line).collect();
    known.extend(more.into_iter().filter(|scenario| !lines.contains(&scenario.line)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_parts_share_is_there_once() {
        let scenario = |line| Scenario { line, ..Scenario::default() };
        let rule = |lines: &[u32]| Rule {
            line: 9,
            scenarios: lines.iter().map(|line| scenario(*line)).collect(),
            ..Rule::default()
        };
        let part = |own: &[u32], rule: Rule| Feature {
            scenarios: own.iter().map(|line| scenario(*line)).collect(),
            rules: vec![rule],
            ..Feature::default()
        };
        let mut whole = part(&[1, 3], rule(&[10]));
        whole.join(part(&[3, 5], rule(&[10, 12])));
        assert_eq!(whole, part(&[1, 3, 5], rule(&[10, 12])));
    }
}
