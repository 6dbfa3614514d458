//! Which scenarios are meant, by line and by tags.

use cucumber::gherkin;
use faultless::error::{Error, Result};

/// The feature with those of its scenarios that fit; nothing if none does.
pub(super) fn fitting(
    mut feature: gherkin::Feature,
    line: Option<usize>,
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
    let starts: Vec<_> = (feature.scenarios.iter())
        .chain(feature.rules.iter().flat_map(|rule| &rule.scenarios))
        .map(|scenario| scenario.position.line)
        .collect();
    // A line picks the scenario in which it lies: the last one that starts at or before it.
    let start = line.and_then(|line| starts.iter().copied().filter(|start| *start <= line).max());
    let outer = feature.tags.clone();
    let fits = |scenario: &gherkin::Scenario, more: &[String]| {
        let all: Vec<_> = outer.iter().chain(more).chain(&scenario.tags).cloned().collect();
        (line.is_none() || Some(scenario.position.line) == start)
            && tags.as_ref().is_none_or(|tags| tags.eval(&all))
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
