//! A document as the structs that cucumber runs: outlines filled in, `*` as the kind of step that
//! its sentence is.

use std::collections::BTreeSet;

use cucumber::gherkin;
use cucumber::gherkin::{LineCol, Span, StepType};
use cucumber::step::Collection;
use gherkin_parser::{
    Background, Described, Description, Feature, Instance, Kind, Place, Row, Rule, Scenario, Step,
};

use crate::world::{SENTENCES, World};

/// The feature with the scenarios at these places, each one a row's or its own.
pub(super) fn feature(feature: &Feature, picked: &BTreeSet<Place>) -> gherkin::Feature {
    let converter = Converter { sentences: &SENTENCES, picked };
    let Described { place, keyword, name, .. } = &feature.head;
    gherkin::Feature {
        keyword: keyword.clone(),
        name: name.clone(),
        description: described(&feature.head.description),
        background: feature.background.as_ref().map(|background| converter.background(background)),
        scenarios: converter.scenarios(&feature.scenarios, feature.background.as_slice()),
        rules: converter.rules(feature),
        tags: tags(&feature.head.tags),
        span: Span::default(),
        position: position(*place),
        path: None,
    }
}

struct Converter<'a> {
    sentences: &'a Collection<World>,
    picked: &'a BTreeSet<Place>,
}

// === impl Converter ===

impl Converter<'_> {
    fn rules(&self, feature: &Feature) -> Vec<gherkin::Rule> {
        let rules = feature.rules.iter().map(|rule| self.rule(rule, feature));
        rules.filter(|rule| !rule.scenarios.is_empty()).collect()
    }

    fn rule(&self, rule: &Rule, feature: &Feature) -> gherkin::Rule {
        let Described { place, keyword, name, .. } = &rule.head;
        let before: Vec<_> = feature.background.iter().chain(&rule.background).cloned().collect();
        gherkin::Rule {
            keyword: keyword.clone(),
            name: name.clone(),
            description: described(&rule.head.description),
            background: rule.background.as_ref().map(|background| self.background(background)),
            scenarios: self.scenarios(&rule.scenarios, &before),
            tags: tags(&rule.head.tags),
            span: Span::default(),
            position: position(*place),
        }
    }

    fn background(&self, background: &Background) -> gherkin::Background {
        let Described { place, keyword, name, .. } = &background.head;
        gherkin::Background {
            keyword: keyword.clone(),
            name: name.clone(),
            description: described(&background.head.description),
            steps: self.steps(&background.steps, StepType::Given),
            span: Span::default(),
            position: position(*place),
        }
    }

    fn scenarios(&self, scenarios: &[Scenario], before: &[Background]) -> Vec<gherkin::Scenario> {
        let steps_before: Vec<_> = before.iter().flat_map(|it| it.steps.clone()).collect();
        // "And" goes on with what the background said last.
        let last = self.steps(&steps_before, StepType::Given).last().map(|step| step.ty);
        let first = last.unwrap_or(StepType::Given);
        let each = scenarios.iter().flat_map(|scenario| {
            let instances = scenario.instances().into_iter();
            let picked = instances.filter(|instance| self.picked.contains(&instance.place));
            picked.map(|instance| self.scenario(scenario, instance, first)).collect::<Vec<_>>()
        });
        each.collect()
    }

    fn scenario(
        &self,
        scenario: &Scenario,
        instance: Instance,
        first: StepType,
    ) -> gherkin::Scenario {
        gherkin::Scenario {
            keyword: scenario.head.keyword.clone(),
            name: instance.name,
            description: described(&scenario.head.description),
            steps: self.steps(&instance.steps, first),
            examples: Vec::new(),
            tags: tags(&instance.tags),
            span: Span::default(),
            position: position(instance.place),
        }
    }

    fn steps(&self, steps: &[Step], first: StepType) -> Vec<gherkin::Step> {
        let mut last = first;
        let each = steps.iter().map(|step| {
            let step = self.step(step, last);
            last = step.ty;
            step
        });
        each.collect()
    }

    fn step(&self, step: &Step, last: StepType) -> gherkin::Step {
        let mut made = gherkin::Step {
            keyword: step.keyword.clone(),
            ty: last,
            value: step.text.clone(),
            docstring: step.doc_string.as_ref().map(|text| text.content.clone()),
            table: table(&step.table),
            span: Span::default(),
            position: position(step.place),
        };
        match step.kind {
            Kind::Context => made.ty = StepType::Given,
            Kind::Action => made.ty = StepType::When,
            Kind::Outcome => made.ty = StepType::Then,
            Kind::Conjunction => {}
            Kind::Unknown => {
                let kinds = [last, StepType::Given, StepType::When, StepType::Then];
                let known = |ty: &StepType| {
                    made.ty = *ty;
                    !matches!(self.sentences.find(&made), Ok(None))
                };
                made.ty = kinds.into_iter().find(known).unwrap_or(last);
            }
        }
        made
    }
}

fn described(description: &Description) -> Option<String> {
    (!description.lines.is_empty()).then(|| description.text())
}

/// Cucumber's structs have tags without their `@`.
fn tags(tags: &[gherkin_parser::Tag]) -> Vec<String> {
    tags.iter().map(|tag| tag.name.trim_start_matches('@').to_owned()).collect()
}

fn table(rows: &[Row]) -> Option<gherkin::Table> {
    let first = rows.first()?;
    Some(gherkin::Table {
        rows: rows.iter().map(|row| row.cells.clone()).collect(),
        span: Span::default(),
        position: position(first.place),
    })
}

fn position(place: Place) -> LineCol {
    LineCol { line: place.line, col: place.column }
}
