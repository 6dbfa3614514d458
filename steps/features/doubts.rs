//! What Gherkin allows and nobody means: outlines without examples, columns that are not there,
//! features without scenarios, two scenarios of one name.

use std::collections::BTreeMap;

use gherkin_parser::{Described, Examples, Feature, Place, Scenario, Step};

use super::mistake::Mistake;

/// What may not be meant, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Where.
    pub place: Place,
    /// The heading that stands there.
    pub text: String,
    /// What is doubtful.
    pub what: String,
}

/// Why a feature is refused although it is Gherkin.
pub(super) fn refusals(feature: &Feature) -> Vec<Mistake> {
    if feature.all_scenarios().next().is_none() {
        let cause = "the feature has no scenario".to_owned();
        return vec![Mistake { place: feature.head.place, cause }];
    }
    feature.all_scenarios().flat_map(of_scenario).collect()
}

fn of_scenario(scenario: &Scenario) -> Vec<Mistake> {
    let head = &scenario.head;
    let rows = |examples: &Examples| !examples.rows.is_empty();
    if scenario.examples.is_empty() && scenario.outline {
        let cause = format!(
            "`{}` has no examples: a {} runs once for each of their rows",
            head.name, head.keyword
        );
        return vec![Mistake { place: head.place, cause }];
    }
    if !scenario.examples.is_empty() && !scenario.examples.iter().any(rows) {
        let cause = format!("`{}` has no example, so nothing of it would run", head.name);
        return vec![Mistake { place: scenario.examples[0].head.place, cause }];
    }
    let steps = scenario.steps.iter();
    let each = steps.flat_map(|step| unknown_columns(step, &scenario.examples));
    each.collect()
}

/// The columns that a step names and that some examples do not have. Only the step's own line is
/// looked at: a doc string may have any angle brackets.
fn unknown_columns(step: &Step, examples: &[Examples]) -> Vec<Mistake> {
    let headers = || examples.iter().filter_map(|examples| examples.header.as_ref());
    let known = |name: &str| headers().all(|row| row.cells.iter().any(|cell| cell == name));
    let names = placeholders(&step.text).filter(|name| !examples.is_empty() && !known(name));
    names
        .map(|name| {
            let cause = format!("no column of the examples is called <{name}>");
            Mistake { place: step.place, cause }
        })
        .collect()
}

/// What stands between angle brackets and could be a column's name: it neither begins nor ends
/// with a blank.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split('<').skip(1);
    let names = behind.filter_map(|rest| rest.split_once('>').map(|(name, _)| name));
    names.filter(|name| !name.is_empty() && name.trim() == *name)
}

/// What is said about a feature that is taken nevertheless.
pub(super) fn doubts(feature: &Feature) -> Vec<Doubt> {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    let mut doubts = Vec::new();
    for scenario in feature.all_scenarios() {
        let name = scenario.head.name.as_str();
        if let Some(first) = first.get(name) {
            let what = format!("the scenario on line {} has the same name", first.line);
            doubts.push(doubt(&scenario.head, what));
        } else {
            first.insert(name, scenario.head.place);
        }
        for examples in scenario.examples.iter().filter(|examples| examples.rows.is_empty()) {
            doubts.push(doubt(&examples.head, "it has no row, so nothing runs for it".to_owned()));
        }
    }
    doubts
}

fn doubt(head: &Described, what: String) -> Doubt {
    let text = format!("{}: {}", head.keyword, head.name).trim_end().to_owned();
    Doubt { place: head.place, text, what }
}
