//! Which scenarios are meant, by line and by tags.

use std::collections::BTreeSet;

use cucumber::gherkin;
use faultless::error::{Error, Result};
use gherkin_parser::{Background, Described, Feature, Place, Scenario};

use super::doubts::places;

/// The places of the scenarios that these lines pick, as Cucumber does: a row of examples its own,
/// any other line of a scenario all of it, a rule's heading or background the rule, the feature's
/// everything. No lines pick everything as well.
pub(super) fn on_lines(feature: &Feature, lines: &[usize]) -> BTreeSet<Place> {
    let parts = parts(feature);
    let all = || parts.iter().flat_map(|part| &part.picks).copied().collect();
    if lines.is_empty() {
        return all();
    }
    // A line belongs to the last thing that begins on it or above.
    let on = |line: &usize| parts.iter().rev().find(|part| part.from <= *line);
    let picked = lines.iter().map(|line| on(line).map(|part| part.picks.clone()));
    picked.flat_map(|picks| picks.unwrap_or_else(all)).collect()
}

/// Something of a feature file, from a line on.
struct Part {
    from: usize,
    picks: BTreeSet<Place>,
}

/// All parts in the order of their lines.
fn parts(feature: &Feature) -> Vec<Part> {
    let all = feature.all_scenarios().flat_map(places).collect::<BTreeSet<_>>();
    let mut parts = vec![Part { from: 0, picks: all.clone() }];
    parts.extend(feature.background.as_ref().map(|it| background(it, &all)));
    parts.extend(feature.scenarios.iter().flat_map(of_scenario));
    for rule in &feature.rules {
        let all: BTreeSet<_> = rule.scenarios.iter().flat_map(places).collect();
        parts.push(Part { from: begin(&rule.head), picks: all.clone() });
        parts.extend(rule.background.as_ref().map(|it| background(it, &all)));
        parts.extend(rule.scenarios.iter().flat_map(of_scenario));
    }
    parts
}

fn background(background: &Background, all: &BTreeSet<Place>) -> Part {
    Part { from: begin(&background.head), picks: all.clone() }
}

fn of_scenario(scenario: &Scenario) -> Vec<Part> {
    let mut parts = vec![Part { from: begin(&scenario.head), picks: places(scenario).collect() }];
    for examples in &scenario.examples {
        let picks = examples.rows.iter().map(|row| row.place).collect();
        parts.push(Part { from: begin(&examples.head), picks });
        let rows = examples.rows.iter();
        parts.extend(rows.map(|row| Part { from: row.place.line, picks: [row.place].into() }));
    }
    parts
}

/// A thing begins with its tags.
fn begin(head: &Described) -> usize {
    head.tags.first().map_or(head.place, |tag| tag.place).line
}

/// The feature with those of its scenarios whose tags fit; nothing if none does.
pub(super) fn fitting(
    mut feature: gherkin::Feature,
    tags: Option<&str>,
) -> Result<Option<gherkin::Feature>> {
    use cucumber::tag::Ext as _;
    let tags = tags
        .map(|text| {
            text.parse::<gherkin::tagexpr::TagOperation>().map_err(|cause| {
                Error::feature(format!("reading the tag expression `{text}`"), cause)
            })
        })
        .transpose()?;
    let outer = feature.tags.clone();
    let fits = |scenario: &gherkin::Scenario, more: &[String]| {
        let all: Vec<_> = outer.iter().chain(more).chain(&scenario.tags).cloned().collect();
        tags.as_ref().is_none_or(|tags| tags.eval(&all))
    };
    feature.scenarios.retain(|scenario| fits(scenario, &[]));
    for rule in &mut feature.rules {
        let more = rule.tags.clone();
        rule.scenarios.retain(|scenario| fits(scenario, &more));
    }
    feature.rules.retain(|rule| !rule.scenarios.is_empty());
    let some = !feature.scenarios.is_empty() || !feature.rules.is_empty();
    Ok(some.then_some(feature))
}
