//! Misspelt keywords. Gherkin takes a line that begins with none for prose where prose may stand,
//! and a scenario may be lost in it without a sound; elsewhere its parser says what it expected.

use cucumber::gherkin::{Step, StepType};
use cucumber::step::Collection;
use gherkin_parser::{Described, Description, Dialect, Feature, Place, Problem, Refused};

use super::mistake::Mistake;
use crate::world::{SENTENCES, World};

/// Longer lines are shown in part, in characters.
const SHOWN: usize = 80;

/// No language has a longer keyword, in bytes; longer words are not compared.
const WORD_MAX: usize = 128;

/// Headings are looked for in no more than so many words before a colon.
const WORDS_MAX: usize = 2;

/// What the parser says of a file, with the keyword that was meant where that can be told.
pub(super) fn explained(text: &str, refused: Refused) -> Vec<Mistake> {
    let Refused { errors, language } = refused;
    let keywords =
        Dialect::of(&language).map(|dialect| Keywords { dialect, sentences: &SENTENCES });
    let first = errors.first().map(|error| error.place.line);
    let meant = text.lines().position(|line| {
        let line = line.trim_start_matches('\u{feff}').trim();
        !line.is_empty() && !line.starts_with(['#', '@'])
    });
    let opening = meant.map(|index| index + 1).filter(|line| Some(*line) == first);
    let each = errors.into_iter().map(|gherkin_parser::ParseError { place, problem }| {
        let cause = match &problem {
            Problem::Unexpected { line, .. } => {
                let meant = keywords.as_ref().and_then(|keywords| keywords.meant(line));
                meant.or_else(|| {
                    let line = shown(line);
                    (opening == Some(place.line)).then(|| {
                        format!("a feature file begins with `Feature: NAME`, not with `{line}`")
                    })
                })
            }
            _ => None,
        };
        Mistake { place, cause: cause.unwrap_or_else(|| problem.to_string()) }
    });
    each.collect()
}

/// The beginning of a line.
fn shown(line: &str) -> String {
    line.chars().take(SHOWN).collect()
}

/// Prose that means to be something else.
pub(super) fn in_prose(feature: &Feature) -> Vec<Mistake> {
    let Some(dialect) = Dialect::of(&feature.language) else { return Vec::new() };
    let keywords = Keywords { dialect, sentences: &SENTENCES };
    let empty = feature.all_scenarios().next().is_none();
    let mut mistakes: Vec<_> =
        keywords.in_description(&feature.head.description, empty).into_iter().collect();
    let mut look = |head: &Described| {
        mistakes.extend(keywords.in_description(&head.description, false));
    };
    feature.background.iter().for_each(|it| look(&it.head));
    for rule in &feature.rules {
        look(&rule.head);
        rule.background.iter().for_each(|it| look(&it.head));
    }
    for scenario in feature.all_scenarios() {
        look(&scenario.head);
        scenario.examples.iter().for_each(|it| look(&it.head));
    }
    mistakes
}

/// The words of a file's language, and the sentences.
struct Keywords<'a> {
    dialect: &'static Dialect,
    sentences: &'a Collection<World>,
}

// === impl Keywords ===

impl Keywords<'_> {
    /// The first line of prose that is a sentence, or a heading above some; any that is nearly a
    /// heading where there is `nothing` else.
    fn in_description(&self, description: &Description, nothing: bool) -> Option<Mistake> {
        let lines = &description.lines;
        let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
        let begins =
            |line: &str| self.dialect.steps().any(|keyword| line.trim_start().starts_with(keyword));
        // How far in a line stands that could be a step, and a sentence in any case. People list
        // things with `*`, too.
        let depth = |line: &str| match begins(line) {
            true if self.is_step(line.trim()) => Some(usize::MAX),
            true if !line.trim_start().starts_with('*') => Some(indent(line)),
            _ => None,
        };
        // Prose goes on where it began; steps stand further in than their heading. From the end, so
        // that each line knows of all below it.
        let mut deepest = None;
        let mut first = None;
        for (number, line) in lines.iter().rev() {
            let (trimmed, own) = (line.trim(), depth(line));
            let above_steps = deepest.is_some_and(|below| below > indent(line));
            let cause = self
                .heading(trimmed)
                .filter(|_| nothing || above_steps)
                .or_else(|| self.step(trimmed))
                .or_else(|| {
                    (own == Some(usize::MAX)).then(|| "the step stands in no scenario".to_owned())
                });
            let place = Place { line: *number, column: indent(line) + 1 };
            first = cause.map(|cause| Mistake { place, cause }).or(first);
            deepest = deepest.max(own);
        }
        first
    }

    /// What a line means that begins with no keyword.
    fn meant(&self, line: &str) -> Option<String> {
        self.heading(line).or_else(|| self.step(line))
    }

    /// A word before a colon that is nearly, but not, a heading.
    fn heading(&self, line: &str) -> Option<String> {
        let (head, _) = line.split_once(':')?;
        if self.dialect.headings().any(|keyword| keyword == head)
            || head.split_whitespace().count() > WORDS_MAX
        {
            return None;
        }
        let meant = nearest(head, self.dialect.headings())?;
        Some(format!("`{head}:` is no keyword; did you mean `{meant}:`?"))
    }

    /// A sentence behind a word that is no keyword.
    fn step(&self, line: &str) -> Option<String> {
        let (word, rest) = line.split_once(char::is_whitespace)?;
        let steps = || self.dialect.steps().map(str::trim).filter(|keyword| *keyword != "*");
        if word == "*" || steps().any(|keyword| keyword == word) || !self.is_sentence(rest.trim()) {
            return None;
        }
        let meant = nearest(word, steps()).unwrap_or("Given");
        Some(format!("no step begins with `{word}`; did you mean `{meant}`?"))
    }

    /// Whether what follows the first word is a sentence.
    fn is_step(&self, line: &str) -> bool {
        line.split_once(char::is_whitespace).is_some_and(|(_, rest)| self.is_sentence(rest.trim()))
    }

    fn is_sentence(&self, text: &str) -> bool {
        [StepType::Given, StepType::When, StepType::Then].into_iter().any(|ty| {
            let step = Step::builder().ty(ty).keyword(String::new()).value(text.to_owned()).build();
            !matches!(self.sentences.find(&step), Ok(None))
        })
    }
}

/// The keyword within two typing errors.
fn nearest<'a>(word: &str, keywords: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > WORD_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let distance = |keyword: &str| strsim::damerau_levenshtein(&word, &keyword.to_lowercase());
    keywords
        .map(|keyword| (distance(keyword), keyword))
        .filter(|(distance, keyword)| {
            *distance <= 2 && *distance < keyword.chars().count().div_ceil(2)
        })
        .min()
        .map(|(_, keyword)| keyword)
}
