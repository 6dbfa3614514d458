//! What is wrong with a feature file, and where.

use std::fmt;

use crate::place::Place;
use crate::token::{Token, in_words};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {problem}", place.line, place.column)]
pub struct ParseError {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} problems", errors.len())]
pub struct Refused {
    /// All that is wrong, by place; never nothing.
    pub errors: Vec<ParseError>,
    /// The language of the file's keywords.
    pub language: String,
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
