//! What is wrong with a feature file, and where.

use std::fmt;

use crate::ast::Place;

/// What a line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The end of the file.
    EndOfFile,
    /// A blank line.
    Empty,
    /// `#`.
    Comment,
    /// `@`.
    Tags,
    /// `# language:`.
    Language,
    /// `Feature:`.
    Feature,
    /// `Background:`.
    Background,
    /// `Rule:`.
    Rule,
    /// `Scenario:`, `Scenario Outline:`.
    Scenario,
    /// `Examples:`.
    Examples,
    /// A step.
    Step,
    /// `|`.
    Row,
    /// `"""`.
    DocString,
    /// Anything else: prose.
    Other,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {problem}", place.line, place.column)]
pub struct ParseError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A line that may not stand there.
    Unexpected {
        /// The line, without the blanks around it.
        line: String,
        /// What may.
        expected: Vec<Token>,
    },
    /// The file ends too early.
    EndOfFile {
        /// What may come.
        expected: Vec<Token>,
    },
    /// A row of another width than the first of its table.
    Ragged {
        /// Its cells.
        cells: usize,
        /// Those of the first row.
        first: usize,
    },
    /// A tag with a blank inside.
    BlankInTag,
    /// A language that is not known.
    UnknownLanguage(String),
}

/// Longer lines are shown in part.
const SHOWN: usize = 80;

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { line, expected } => {
                let shown: String = line.chars().take(SHOWN).collect();
                write!(f, "`{shown}` cannot stand here; it may be {}", in_words(expected))
            }
            Self::EndOfFile { expected } => {
                write!(f, "the file ends where there must be {}", in_words(expected))
            }
            Self::Ragged { cells, first } => {
                let s = if *cells == 1 { "" } else { "s" };
                write!(f, "the row has {cells} cell{s}, the first row of its table {first}: ")?;
                f.write_str("inconsistent cell count within the table")
            }
            Self::BlankInTag => f.write_str("a tag may not contain whitespace"),
            Self::UnknownLanguage(code) => {
                write!(f, "this `# language:` is not known: `{code}`")
            }
        }
    }
}

/// The tokens that a person would write to mend it.
fn in_words(expected: &[Token]) -> String {
    let words: Vec<&str> = expected.iter().filter_map(|token| token.word()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => "nothing".to_owned(),
    }
}

// === impl Token ===

impl Token {
    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::EndOfFile | Self::Empty | Self::Comment | Self::Other | Self::Language => {
                return None;
            }
            Self::Tags => "a tag (@)",
            Self::Feature => "Feature:",
            Self::Background => "Background:",
            Self::Rule => "Rule:",
            Self::Scenario => "Scenario:",
            Self::Examples => "Examples:",
            Self::Step => "a step (Given, When, Then, And, But, *)",
            Self::Row => "a table's row (|)",
            Self::DocString => "a doc string (\"\"\")",
        })
    }
}
