//! A document as the structs that cucumber runs: outlines filled in, `*` as the kind of step that
//! its sentence is.

use std::collections::BTreeSet;

use cucumber::gherkin;
use cucumber::gherkin::{LineCol, Span, StepType};
use cucumber::step::Collection;
use gherkin_parser::{
    Background, Described, Description, Feature, Instance, Kind, Place, Room, Row, Rule, Scenario,
    Step,
};

use super::mistake::Mistake;
use crate::world::{SENTENCES, World};

/// The feature with the scenarios at these places, each one a row's or its own; or the scenario
/// whose examples make too much.
pub(super) fn feature(
    feature: &Feature,
    picked: &BTreeSet<Place>,
) -> Result<gherkin::Feature, Mistake> {
    let mut converter = Converter { sentences: &SENTENCES, picked, room: Room::default() };
    let Described { place, keyword, name, .. } = &feature.head;
    let (background, last) = converter.background(feature.background.as_ref(), StepType::Given);
    Ok(gherkin::Feature {
        keyword: keyword.clone(),
        name: name.clone(),
        description: described(&feature.head.description),
        background,
        scenarios: converter.scenarios(&feature.scenarios, last)?,
        rules: converter.rules(&feature.rules, last)?,
        tags: tags(&feature.head.tags),
        span: Span::default(),
        position: position(*place),
        path: None,
    })
}

struct Converter<'a> {
    sentences: &'a Collection<World>,
    picked: &'a BTreeSet<Place>,
    room: Room,
}

// === impl Converter ===

impl Converter<'_> {
    fn rules(&mut self, rules: &[Rule], last: StepType) -> Result<Vec<gherkin::Rule>, Mistake> {
        let rules = rules.iter().map(|rule| self.rule(rule, last));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        Ok(rules.into_iter().filter(|rule| !rule.scenarios.is_empty()).collect())
    }

    fn rule(&mut self, rule: &Rule, last: StepType) -> Result<gherkin::Rule, Mistake> {
        let Described { place, keyword, name, .. } = &rule.head;
        let (background, last) = self.background(rule.background.as_ref(), last);
        Ok(gherkin::Rule {
            keyword: keyword.clone(),
            name: name.clone(),
            description: described(&rule.head.description),
            background,
            scenarios: self.scenarios(&rule.scenarios, last)?,
            tags: tags(&rule.head.tags),
            span: Span::default(),
            position: position(*place),
        })
    }

    /// A background, and of which kind its last step is: "And" goes on with it, across backgrounds
    /// and into scenarios.
    fn background(
        &self,
        background: Option<&Background>,
        last: StepType,
    ) -> (Option<gherkin::Background>, StepType) {
        let Some(Background { head, steps }) = background else { return (None, last) };
        let steps = self.steps(steps, last);
        let last = steps.last().map_or(last, |step| step.ty);
        let background = gherkin::Background {
            keyword: head.keyword.clone(),
            name: head.name.clone(),
            description: described(&head.description),
            steps,
            span: Span::default(),
            position: position(head.place),
        };
        (Some(background), last)
    }

    fn scenarios(
        &mut self,
        scenarios: &[Scenario],
        last: StepType,
    ) -> Result<Vec<gherkin::Scenario>, Mistake> {
        let mut made = Vec::new();
        for scenario in scenarios {
            let place = scenario.head.place;
            let instances = scenario
                .instances(&mut self.room)
                .map_err(|cause| Mistake { place, cause: cause.to_string() })?;
            let picked = instances.into_iter().filter(|one| self.picked.contains(&one.place));
            made.extend(picked.map(|instance| self.scenario(scenario, instance, last)));
        }
        Ok(made)
    }

    fn scenario(
        &self,
        scenario: &Scenario,
        instance: Instance,
        last: StepType,
    ) -> gherkin::Scenario {
        gherkin::Scenario {
            keyword: scenario.head.keyword.clone(),
            name: instance.name,
            // Nobody shows it, and it would be there once for each row.
            description: None,
            steps: self.steps(&instance.steps, last),
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
