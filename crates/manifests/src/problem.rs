//! What is wrong with a text or doubtful in it, and where.

use std::fmt;

/// Why anchors are refused that repeat too much.
pub(super) const TOO_MUCH: &str = "its anchors (`&` and `*`) repeat more than a text of its size \
                                   could say without them";

/// A place in a text: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// Something that is not read as it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it begins.
    pub at: Mark,
    /// What it is, a lower-case fragment.
    pub what: String,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, if that is known.
    pub at: Option<Mark>,
    /// What is wrong there, a lower-case fragment.
    pub what: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} of the text", self.line, self.column)
    }
}
