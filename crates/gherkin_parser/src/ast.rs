//! What a feature file says, each thing with its place. The names are those of Cucumber's messages
//! (`GherkinDocument`).

use crate::place::Place;
use crate::step::{Row, Step};

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// Nothing in a file of comments alone.
    pub feature: Option<Feature>,
}

/// Text in prose below a heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// Its lines as they are written, with their numbers; comments between them are left out.
    pub lines: Vec<(usize, String)>,
}

/// What features, rules, backgrounds, scenarios and examples have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Described {
    /// Where the keyword stands.
    pub place: Place,
    /// The tags above it; a background has none.
    pub tags: Vec<Tag>,
    /// The keyword, in the file's language, without the colon.
    pub keyword: String,
    /// What follows the colon.
    pub name: String,
    /// The prose below.
    pub description: Description,
}

/// `Feature:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Feature {
    /// Its heading.
    pub head: Described,
    /// The code of the language of its keywords: `en`.
    pub language: String,
    /// Steps before each scenario.
    pub background: Option<Background>,
    /// Scenarios outside of rules.
    pub scenarios: Vec<Scenario>,
    /// Rules, behind all of these.
    pub rules: Vec<Rule>,
}

/// `Rule:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// Its heading.
    pub head: Described,
    /// Steps before each of its scenarios.
    pub background: Option<Background>,
    /// Its scenarios.
    pub scenarios: Vec<Scenario>,
}

/// `Background:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    /// Its heading.
    pub head: Described,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// `Scenario:` or `Scenario Outline:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scenario {
    /// Its heading.
    pub head: Described,
    /// Whether its keyword is one of an outline. Any scenario may have examples.
    pub outline: bool,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its examples.
    pub examples: Vec<Examples>,
}

/// `Examples:`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examples {
    /// Its heading.
    pub head: Described,
    /// The first row: the columns' names.
    pub header: Option<Row>,
    /// The other rows, as wide as the first.
    pub rows: Vec<Row>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Where it stands.
    pub place: Place,
    /// Its name, with the `@`.
    pub name: String,
}

// === impl Description ===

impl Description {
    /// The whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }
}

// === impl Feature ===

impl Feature {
    /// All scenarios, with those of rules.
    pub fn all_scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.iter().chain(self.rules.iter().flat_map(|rule| &rule.scenarios))
    }
}
