//! What is wrong with a feature file's text, in words. The parser takes a line with a misspelt
//! keyword for a description, where it may be lost without a sound, and otherwise lists tokens of
//! its grammar.

use cucumber::gherkin::{Step, StepType};

use crate::world::World;

/// The words before a colon.
const HEADS: [&str; 8] = [
    "Feature",
    "Background",
    "Rule",
    "Scenario Outline",
    "Scenario Template",
    "Scenario",
    "Examples",
    "Example",
];

/// The words that begin a step.
const STEPS: [&str; 6] = ["Given", "When", "Then", "And", "But", "*"];

/// A place in a feature file and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is wrong.
    pub cause: String,
}

/// The first line that means to be a heading or a step but has its keyword wrong.
pub(super) fn misspelt(text: &str) -> Option<ParseError> {
    // Other languages have other keywords, which the parser knows.
    if text.lines().any(|line| line.trim_start().starts_with("# language:")) {
        return None;
    }
    let steps = World::steps();
    let sentence = |rest: &str| {
        [StepType::Given, StepType::When, StepType::Then].into_iter().any(|ty| {
            let step = Step::builder().ty(ty).keyword(String::new()).value(rest.to_owned()).build();
            !matches!(steps.find(&step), Ok(None))
        })
    };
    let mut quoted = false;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with("\"\"\"") || trimmed.starts_with("```") {
            quoted = !quoted;
            continue;
        }
        if quoted || trimmed.is_empty() || trimmed.starts_with(['#', '@', '|']) {
            continue;
        }
        let cause = heading(trimmed).or_else(|| {
            let (word, rest) = trimmed.split_once(char::is_whitespace)?;
            (!STEPS.contains(&word) && sentence(rest.trim())).then(|| {
                let meant = nearest(word, &STEPS).unwrap_or("Given");
                format!("no step begins with `{word}`; did you mean `{meant}`?")
            })
        });
        if let Some(cause) = cause {
            let indent = line.chars().take_while(|c| c.is_whitespace()).count();
            return Some(ParseError { line: number + 1, column: indent + 1, cause });
        }
    }
    None
}

/// What the parser's refusal at this place (from 1) means.
pub(super) fn unparsed(text: &str, line: usize, expected: &str) -> ParseError {
    let meant = |(number, text): (usize, &str)| {
        let text = text.trim();
        (!text.is_empty() && !text.starts_with('#')).then(|| (number + 1, text.to_owned()))
    };
    let Some((first, opening)) = text.lines().enumerate().find_map(meant) else {
        let cause = "there is nothing in it; a feature file begins with `Feature: NAME`".to_owned();
        return ParseError { line: 1, column: 1, cause };
    };
    let at = |line, cause: &str| ParseError { line, column: 1, cause: cause.to_owned() };
    if expected.contains("table row") {
        // The parser stands behind the table.
        return at(line, "the rows of the table above have different numbers of cells");
    }
    if expected.contains("nsupported language") {
        return at(line, "this `# language:` is not known");
    }
    if !opening.starts_with("Feature:") && !opening.starts_with('@') {
        let cause = format!("a feature file begins with `Feature: NAME`, not with `{opening}`");
        return at(first, &cause);
    }
    // The parser has often read the line that it refuses, and stands on the next one.
    let near = text.lines().enumerate().take(line).filter_map(meant);
    let near: Vec<_> = near.collect();
    let refused = near.iter().rev().take(2).find(|(_, text)| !may_stand(text));
    let (line, cause) = match refused {
        Some((number, text)) => {
            let shown: String = text.chars().take(80).collect();
            (*number, format!("`{shown}` cannot stand here"))
        }
        None => (line, "the file ends, or goes on, where something is missing".to_owned()),
    };
    at(
        line,
        &format!(
            "{cause}; a line begins with Feature:, Background:, Rule:, Scenario:, Scenario \
             Outline:, Examples:, Given, When, Then, And, But, a table's |, a text's \"\"\", @ or #"
        ),
    )
}

/// Whether a line begins with something of Gherkin's.
fn may_stand(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let head = line.split(':').next().unwrap_or_default();
    HEADS.contains(&head) || STEPS.contains(&word) || line.starts_with(['|', '@', '#', '"'])
}

/// A word before a colon that is nearly, but not, one of Gherkin's.
fn heading(line: &str) -> Option<String> {
    let (head, _) = line.split_once(':')?;
    if HEADS.contains(&head) || head.split_whitespace().count() > 2 {
        return None;
    }
    let meant = nearest(head, &HEADS)?;
    Some(format!("`{head}:` is no keyword; did you mean `{meant}:`?"))
}

/// The keyword within two typing errors.
fn nearest(word: &str, keywords: &[&'static str]) -> Option<&'static str> {
    let distance =
        |keyword: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &keyword.to_lowercase());
    keywords
        .iter()
        .map(|keyword| (distance(keyword), *keyword))
        .filter(|(distance, keyword)| *distance <= 2 && *distance < keyword.len().div_ceil(2))
        .min()
        .map(|(_, keyword)| keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn at(text: &str) -> (usize, usize, String) {
        let ParseError { line, column, cause } = misspelt(text).expect("a mistake");
        (line, column, cause)
    }

    #[test]
    fn a_misspelt_keyword_is_found_where_the_parser_is_silent() {
        let text = "Feature: x\n  Scenaro: y\n    Given nothing\n";
        let cause = "`Scenaro:` is no keyword; did you mean `Scenario:`?".to_owned();
        assert_eq!(at(text), (2, 3, cause));
        let text = "Feature: x\n  Scenario: y\n    Gven every client sends 5 requests per second\n";
        let cause = "no step begins with `Gven`; did you mean `Given`?".to_owned();
        assert_eq!(at(text), (3, 5, cause));
        assert_eq!(at("feature: x\n").2, "`feature:` is no keyword; did you mean `Feature:`?");
    }

    #[test]
    fn prose_is_no_mistake() {
        let text = "@fault\nFeature: The travels: a story\n  It is slow. Note: all\n\
                      \
                    of it. Then nothing.\n  Rule: one\n    Scenario Outline: y\n    When <x>\n    \
                    \"\"\"\n    Scenaro: quoted\n    \"\"\"\n    Examples:\n    | a |\n";
        assert_eq!(misspelt(text), None);
        assert_eq!(misspelt("# language: de\nFunktionalität: x\n"), None);
    }

    #[test]
    fn a_refusal_says_what_is_missing() {
        let cause = |text: &str, line| unparsed(text, line, "no match").cause;
        assert!(cause("\n # only this\n", 2).starts_with("there is nothing in it"));
        assert!(cause("hello\n", 2).ends_with("not with `hello`"));
        let text = "Feature: x\n  Scenario: y\n    Given a\n    nonsense\n";
        assert!(cause(text, 4).starts_with("`nonsense` cannot stand here; a line begins with"));
        let table = unparsed(text, 4, "inconsistent table row sizes");
        assert_eq!((table.line, table.column), (4, 1));
        assert_eq!(unparsed(text, 5, "").line, 4, "the parser stands behind it");
        let short = "Feature: x\n  Scenario: y\n    Given a\n";
        assert!(unparsed(short, 99, "").cause.starts_with("the file ends"));
    }
}
