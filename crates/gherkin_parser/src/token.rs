//! What a line may be.

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

/// The tokens that a person would write to mend it.
pub(crate) fn in_words(expected: &[Token]) -> String {
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
