//! Cucumber's features as the record has them: what is going to run.

use cucumber::gherkin;
use cucumber::gherkin::StepType;
use reports::suite::{Feature, Kind, Rule, Scenario, Step};

use crate::location::file;

/// Features, read and expanded, in the record's words.
pub(crate) fn told(features: &[gherkin::Feature]) -> Vec<Feature> {
    features.iter().map(feature).collect()
}

fn feature(feature: &gherkin::Feature) -> Feature {
    Feature {
        file: file(feature),
        line: line(feature.position),
        keyword: feature.keyword.trim().to_owned(),
        name: feature.name.clone(),
        description: feature.description.clone().unwrap_or_default(),
        tags: feature.tags.clone(),
        background: background(feature.background.as_ref()),
        scenarios: feature.scenarios.iter().map(scenario).collect(),
        rules: feature.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &gherkin::Rule) -> Rule {
    Rule {
        line: line(rule.position),
        keyword: rule.keyword.trim().to_owned(),
        name: rule.name.clone(),
        tags: rule.tags.clone(),
        background: background(rule.background.as_ref()),
        scenarios: rule.scenarios.iter().map(scenario).collect(),
    }
}

fn scenario(scenario: &gherkin::Scenario) -> Scenario {
    Scenario {
        line: line(scenario.position),
        keyword: scenario.keyword.trim().to_owned(),
        name: scenario.name.clone(),
        tags: scenario.tags.clone(),
        steps: scenario.steps.iter().map(step).collect(),
    }
}

fn background(background: Option<&gherkin::Background>) -> Vec<Step> {
    background.into_iter().flat_map(|background| &background.steps).map(step).collect()
}

fn step(step: &gherkin::Step) -> Step {
    Step {
        keyword: step.keyword.trim().to_owned(),
        kind: match step.ty {
            StepType::Given => Kind::Given,
            StepType::When => Kind::When,
            StepType::Then => Kind::Then,
        },
        text: step.value.clone(),
        line: line(step.position),
        doc_string: step.docstring.clone(),
        table: step.table.as_ref().map(|table| table.rows.clone()).unwrap_or_default(),
    }
}

fn line(position: gherkin::LineCol) -> u32 {
    u32::try_from(position.line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cucumber::feature::Ext as _;
    use cucumber::gherkin::GherkinEnv;

    use super::*;

    const TEXT: &str = r#"@slow
Feature: Delays
  Seen from outside.

  Background:
    Given every client sends requests

  Scenario Outline: <span> is seen
    When every request to "hotels" is delayed by <span>
    And this is written:
      """
      spec: {}
      """
    Then these fail:
      | client | often |
      | a      | no    |
    Examples:
      | span |
      | 1s   |
      | 2s   |

  @odd
  Rule: Nobody fails
    Scenario: nobody
      Then every client sees no request fail
"#;

    #[test]
    fn all_of_a_feature_is_told() {
        let parsed = gherkin::Feature::parse(TEXT, GherkinEnv::default()).unwrap();
        let [feature] = &told(&[parsed.expand_examples().unwrap()])[..] else { panic!("one") };
        assert_eq!((feature.name.as_str(), feature.line), ("Delays", 2));
        assert_eq!(
            (&feature.tags[..], &feature.keyword[..]),
            (&["slow".to_owned()][..], "Feature")
        );
        assert!(feature.description.contains("Seen from outside."));
        assert_eq!(feature.background[0].text, "every client sends requests");
        let examples: Vec<_> =
            feature.scenarios.iter().map(|one| (one.name.as_str(), one.line)).collect();
        assert_eq!(examples, [("1s is seen", 19), ("2s is seen", 20)]);
        let [when, and, then] = &feature.scenarios[1].steps[..] else { panic!("three") };
        assert_eq!(when.text, "every request to \"hotels\" is delayed by 2s");
        assert_eq!((and.keyword.as_str(), and.kind), ("And", Kind::When));
        assert!(and.doc_string.as_ref().is_some_and(|text| text.contains("spec: {}")));
        assert_eq!((then.kind, then.table.len(), then.table[1][0].as_str()), (Kind::Then, 2, "a"));
        let [rule] = &feature.rules[..] else { panic!("one") };
        assert_eq!((&rule.tags[..], rule.scenarios.len()), (&["odd".to_owned()][..], 1));
    }
}
