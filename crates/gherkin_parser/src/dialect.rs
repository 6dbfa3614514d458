//! The keywords of a language. The table is that of the official parser, release 42.0.1
//! (`gherkin-languages.json`), without the languages' names.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::step::Kind;

static ALL: LazyLock<BTreeMap<String, Dialect>> = LazyLock::new(|| {
    // The table is compiled in, and a test reads it: it cannot fail for a user.
    serde_json::from_str(include_str!("languages.json")).unwrap_or_default()
});

/// A language's keywords. Those of steps have the blank behind them where the language has one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dialect {
    /// `Feature`.
    pub feature: Vec<String>,
    /// `Background`.
    pub background: Vec<String>,
    /// `Rule`.
    pub rule: Vec<String>,
    /// `Scenario`.
    pub scenario: Vec<String>,
    /// `Scenario Outline`.
    pub scenario_outline: Vec<String>,
    /// `Examples`.
    pub examples: Vec<String>,
    given: Vec<String>,
    when: Vec<String>,
    then: Vec<String>,
    and: Vec<String>,
    but: Vec<String>,
}

// === impl Dialect ===

impl Dialect {
    /// The language with this code; none is known for most texts.
    #[must_use]
    pub fn of(code: &str) -> Option<&'static Self> {
        ALL.get(code)
    }

    /// The codes of all languages.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        ALL.keys().map(String::as_str)
    }

    /// The keywords of headings: each goes before a colon.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.feature,
            &self.background,
            &self.rule,
            &self.scenario_outline,
            &self.scenario,
            &self.examples,
        ];
        all.into_iter().flatten().map(String::as_str)
    }

    /// The keywords of steps, with those twice that stand for several kinds.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.kinds().map(|(keyword, _)| keyword)
    }

    fn kinds(&self) -> impl Iterator<Item = (&str, Kind)> {
        let all = [
            (&self.given, Kind::Context),
            (&self.when, Kind::Action),
            (&self.then, Kind::Outcome),
            (&self.and, Kind::Conjunction),
            (&self.but, Kind::Conjunction),
        ];
        all.into_iter()
            .flat_map(|(words, kind)| words.iter().map(move |word| (word.as_str(), kind)))
    }

    /// The keyword that a step's line begins with, the longest if several do, and its kind.
    pub(crate) fn step(&self, line: &str) -> Option<(&str, Kind)> {
        let begins = self.kinds().filter(|(keyword, _)| line.starts_with(keyword));
        let longest = begins.max_by_key(|(keyword, _)| keyword.chars().count())?.0;
        // As often as it is in the table: And and But of one word are two.
        let mut same = self.kinds().filter(|(keyword, _)| *keyword == longest);
        let (keyword, kind) = same.next()?;
        Some((keyword, if same.next().is_some() { Kind::Unknown } else { kind }))
    }
}

/// The keyword, and what follows it and its colon, if the line begins with one of these.
pub(crate) fn heading<'a>(keywords: &'a [String], line: &'a str) -> Option<(&'a str, &'a str)> {
    keywords.iter().find_map(|keyword| {
        let rest = line.strip_prefix(keyword.as_str())?.strip_prefix(':')?;
        Some((keyword.as_str(), rest.trim()))
    })
}
