//! One line of a feature file, taken apart as the official parser does (`GherkinLine`).

use crate::ast::Tag;
use crate::place::Place;

/// A line without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// All of it.
    pub(crate) text: &'a str,
    /// Without the blanks before it.
    pub(crate) trimmed: &'a str,
}

/// The lines of a text; `\r\n` ends one as well as `\n`. A byte order mark is no text: the
/// reference implementation skips it (`EncodingParser.java`), editors on Windows write it.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    let each = whole.split('\n').enumerate();
    each.map(|(index, line)| {
        let text = line.trim_end_matches('\r');
        Line { number: index + 1, text, trimmed: text.trim_start() }
    })
    .collect()
}

// === impl Line ===

impl<'a> Line<'a> {
    /// The characters before its first that is not blank.
    pub(crate) fn indent(&self) -> usize {
        self.text.chars().count() - self.trimmed.chars().count()
    }

    pub(crate) fn place(&self) -> Place {
        Place { line: self.number, column: self.indent() + 1 }
    }

    /// The text without so many blanks before it, or without all if it has fewer.
    pub(crate) fn without_indent(&self, indent: usize) -> &'a str {
        if indent > self.indent() {
            return self.trimmed;
        }
        let start = self.text.char_indices().nth(indent);
        start.map_or("", |(start, _)| &self.text[start..])
    }

    /// The language that a comment names: `# language: de`.
    pub(crate) fn language(&self) -> Option<&'a str> {
        let rest = self.trimmed.strip_prefix('#')?.trim_start().strip_prefix("language")?;
        let code = rest.trim_start().strip_prefix(':')?.trim();
        let fits = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
        (!code.is_empty() && code.chars().all(fits)).then_some(code)
    }

    /// The tags on it, up to a comment; or where one is that has a blank inside.
    pub(crate) fn tags(&self) -> Result<Vec<Tag>, Place> {
        let text = self.trimmed.trim_end();
        let comment = text
            .char_indices()
            .zip(text.char_indices().skip(1))
            .find(|((_, before), (_, hash))| before.is_whitespace() && *hash == '#');
        let text = comment.map_or(text, |((at, _), _)| &text[..at]);
        let mut column = self.indent() + 1;
        let mut tags = Vec::new();
        for item in text.trim().split('@').skip(1) {
            let place = Place { line: self.number, column };
            if item.trim().contains(char::is_whitespace) {
                return Err(place);
            }
            tags.push(Tag { place, name: format!("@{}", item.trim()) });
            column += item.chars().count() + 1;
        }
        Ok(tags)
    }
}
