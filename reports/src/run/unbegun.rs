//! What was to run and never began: the run was stopped, or its target was lost. Pure.

use std::collections::HashSet;

use super::run::Run;
use super::scenario::Scenario;
use crate::event::ScenarioId;
use crate::outcome::Outcome;

// === impl Run ===

impl Run {
    /// The scenarios that never began, skipped and without a time, in the order of their files.
    /// Records of version 0.1.0 do not tell them.
    #[must_use]
    pub fn unbegun(&self) -> Vec<Scenario> {
        let begun: HashSet<(&str, u32)> =
            self.scenarios.iter().map(|one| (one.file.as_str(), one.line)).collect();
        let next = self.scenarios.iter().map(|one| one.id.0.saturating_add(1)).max();
        let all = self.suite.iter().flat_map(|feature| {
            let of = move |(rule, scenario)| (feature, rule, scenario);
            feature.all().map(of)
        });
        all.filter(|(feature, _, scenario)| {
            !begun.contains(&(feature.file.as_str(), scenario.line))
        })
        .enumerate()
        .map(|(number, (feature, rule, scenario))| {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let id = next.unwrap_or_default().saturating_add(number);
            let of_rule = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
            Scenario {
                id: ScenarioId(id),
                feature: feature.name.clone(),
                file: feature.file.clone(),
                line: scenario.line,
                name: scenario.name.clone(),
                tags: feature.tags.iter().chain(of_rule).chain(&scenario.tags).cloned().collect(),
                finished: Some((Outcome::Skipped, 0)),
                ..Scenario::default()
            }
        })
        .collect()
    }
}
