//! Steps, and what stands below them. The names are those of Cucumber's messages.

use crate::place::Place;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where its keyword stands.
    pub place: Place,
    /// The keyword, in the file's language, with the blank behind it if it has one.
    pub keyword: String,
    /// What kind of step the keyword begins.
    pub kind: Kind,
    /// What follows.
    pub text: String,
    /// Its doc string.
    pub doc_string: Option<DocString>,
    /// Its data table: rows of one width; empty if there is none.
    pub table: Vec<Row>,
}

/// What kind of step a keyword begins (`StepKeywordType` of Cucumber's messages).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Given.
    Context,
    /// When.
    Action,
    /// Then.
    Outcome,
    /// And, But: the kind of the step before.
    Conjunction,
    /// `*`, and words that a language uses for several kinds: any.
    Unknown,
}

/// A text of several lines below a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocString {
    /// Where its delimiter stands.
    pub place: Place,
    /// What follows the delimiter, such as `yaml`.
    pub media_type: Option<String>,
    /// The text, without the delimiter's indentation.
    pub content: String,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub place: Place,
    /// Its cells, unescaped.
    pub cells: Vec<String>,
}
