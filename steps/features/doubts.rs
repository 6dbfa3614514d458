//! What Gherkin allows and nobody means: outlines without examples, columns that are not there,
//! features without scenarios, two scenarios of one name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gherkin_parser::{Described, Examples, Feature, Place, Scenario, Step};

use super::mistake::Mistake;

/// What may not be meant, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Doubt {
    /// Where.
    pub place: Place,
    /// The heading that stands there.
    pub text: String,
    /// What is doubtful.
    pub what: String,
    /// The lines of each of the scenarios that it is about: all of them must run for it to matter.
    pub of: Vec<Arc<[usize]>>,
}

/// More empty tables of one scenario are not told.
const EMPTY_MAX: usize = 20;

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
    // What every table of examples has is a column of the outline.
    let headers = scenario.examples.iter().filter_map(|examples| examples.header.as_ref());
    let columns = headers.map(|row| row.cells.iter().map(String::as_str).collect::<BTreeSet<_>>());
    match columns.reduce(|all, own| &all & &own) {
        Some(columns) => {
            scenario.steps.iter().flat_map(|step| unknown_columns(step, &columns)).collect()
        }
        None => Vec::new(),
    }
}

/// The columns that a step names and that are not there. Only the step's own line is looked at: a
/// doc string may have any angle brackets.
fn unknown_columns(step: &Step, columns: &BTreeSet<&str>) -> Vec<Mistake> {
    let unknown: BTreeSet<&str> =
        placeholders(&step.text).filter(|name| !columns.contains(name)).collect();
    let each = unknown.into_iter().map(|name| {
        let cause = format!("no column of the examples is called <{name}>");
        Mistake { place: step.place, cause }
    });
    each.collect()
}

/// What stands between angle brackets and could be a column's name: it neither begins nor ends
/// with a blank.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let behind = text.split('<').skip(1);
    let names = behind.filter_map(|rest| rest.split_once('>').map(|(name, _)| name));
    names.filter(|name| !name.is_empty() && name.trim() == *name)
}

/// What is said about a feature that is taken nevertheless, of the scenarios at these places.
pub(super) fn doubts(feature: &Feature, picked: &BTreeSet<Place>) -> Vec<Doubt> {
    let mut first: BTreeMap<&str, (Place, Arc<[usize]>)> = BTreeMap::new();
    let mut doubts = Vec::new();
    for scenario in feature.all_scenarios() {
        let of: Arc<[usize]> =
            places(scenario).filter(|it| picked.contains(it)).map(line).collect();
        if of.is_empty() {
            continue;
        }
        let doubt = |head: &Described, what: String| {
            let text = format!("{}: {}", head.keyword, head.name).trim_end().to_owned();
            Doubt { place: head.place, text, what, of: vec![Arc::clone(&of)] }
        };
        let name = scenario.head.name.as_str();
        if let Some((place, others)) = first.get(name) {
            let what = format!("the scenario on line {} has the same name", place.line);
            let mut doubt = doubt(&scenario.head, what);
            doubt.of.push(Arc::clone(others));
            doubts.push(doubt);
        } else {
            first.insert(name, (scenario.head.place, Arc::clone(&of)));
        }
        let empty = scenario.examples.iter().filter(|examples| examples.rows.is_empty());
        for examples in empty.take(EMPTY_MAX) {
            doubts.push(doubt(&examples.head, "it has no row, so nothing runs for it".to_owned()));
        }
    }
    doubts
}

fn line(place: Place) -> usize {
    place.line
}

/// The places of what a scenario stands for: its rows, or itself.
pub(super) fn places(scenario: &Scenario) -> impl Iterator<Item = Place> {
    let own = scenario.examples.is_empty().then_some(scenario.head.place);
    let rows = scenario.examples.iter().flat_map(|examples| &examples.rows);
    own.into_iter().chain(rows.map(|row| row.place))
}
