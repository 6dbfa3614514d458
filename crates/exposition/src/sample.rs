//! A sample: a series and its value, read from one line. Pure.

use std::borrow::Cow;
use std::str::Chars;

use crate::error::Reason;
use crate::labels::Labels;

/// Istio's metrics have about 25; a series with more than this is not one of theirs.
pub const MAX_LABELS: usize = 128;

/// One line of a page: a series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name, with its suffix (`_bucket`, `_sum`, `_count`).
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its value. A timestamp is passed over: whether it is seconds or milliseconds depends on the
    /// format, and a merged page has both.
    pub value: f64,
}

/// What follows a metric's name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum After<'a> {
    /// Labels in braces perhaps, then the value.
    Name(&'a str),
    /// The name stood inside the braces (`{"http.requests",code="200"} 3`): labels, then `}`.
    Brace(&'a str),
}

/// The name a line begins with; `None` if there is none, or if it does not end as names do.
pub(crate) fn head(line: &str) -> Option<(Cow<'_, str>, After<'_>)> {
    if let Some(inner) = line.strip_prefix('{') {
        let (name, after) = quoted(skip_blanks(inner).strip_prefix('"')?).ok()?;
        let after = skip_blanks(after);
        let after = match after.strip_prefix(',') {
            Some(labels) => labels,
            None if after.starts_with('}') => after,
            None => return None,
        };
        return Some((Cow::Owned(name), After::Brace(after)));
    }
    let (name, after) = split_name(line, ':')?;
    let ends = after.starts_with([' ', '\t', '{']);
    ends.then_some((Cow::Borrowed(name), After::Name(after)))
}

/// What follows a name: its labels, its value, and what may stand behind that.
pub(crate) fn read(name: &str, after: After<'_>) -> Result<Sample, Reason> {
    let (labels, rest) = match after {
        After::Brace(inner) => labels(inner)?,
        After::Name(rest) => match skip_blanks(rest).strip_prefix('{') {
            Some(inner) => labels(inner)?,
            None => (Labels::default(), rest),
        },
    };
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().and_then(number).ok_or(Reason::Value)?;
    // OpenMetrics puts an exemplar behind a `#`. It says nothing about the series.
    let mut words = words.take_while(|word| !word.starts_with('#'));
    if let Some(timestamp) = words.next() {
        number(timestamp).ok_or(Reason::Timestamp)?;
    }
    match words.next() {
        Some(_) => Err(Reason::Trailing),
        None => Ok(Sample { name: name.to_owned(), labels, value }),
    }
}

/// Go's number syntax as far as pages use it. Rust's own parser takes the same words (`+Inf`,
/// `NaN`, `1e-3`), and no others that would mean something else.
fn number(word: &str) -> Option<f64> {
    word.parse().ok()
}

/// The labels after `{`, and what follows their `}`.
fn labels(mut rest: &str) -> Result<(Labels, &str), Reason> {
    let mut labels = Vec::new();
    loop {
        rest = skip_blanks(rest);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((Labels::new(labels).ok_or(Reason::LabelTwice)?, after));
        }
        if labels.len() == MAX_LABELS {
            return Err(Reason::TooManyLabels);
        }
        let (name, after) = label_name(rest)?;
        let after = skip_blanks(after).strip_prefix('=').ok_or(Reason::Equals)?;
        let after = skip_blanks(after).strip_prefix('"').ok_or(Reason::Quotes)?;
        let (value, after) = quoted(after)?;
        labels.push((name, value));
        let after = skip_blanks(after);
        rest = match after.strip_prefix(',') {
            Some(next) => next,
            None if after.starts_with('}') => after,
            None => return Err(Reason::Separator),
        };
    }
}

/// A label's name, which may be quoted.
fn label_name(text: &str) -> Result<(String, &str), Reason> {
    match text.strip_prefix('"') {
        Some(inner) => quoted(inner),
        None => {
            let (name, after) = split_name(text, '_').ok_or(Reason::LabelName)?;
            Ok((name.to_owned(), after))
        }
    }
}

/// A value up to its closing quote, and what follows that.
fn quoted(text: &str) -> Result<(String, &str), Reason> {
    let mut value = String::new();
    let mut chars: Chars<'_> = text.chars();
    loop {
        match chars.next().ok_or(Reason::Quotes)? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(match chars.next().ok_or(Reason::Quotes)? {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return Err(Reason::Escape),
            }),
            other => value.push(other),
        }
    }
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A name at the beginning, and what follows it. `also` is one more character it may have.
fn split_name(text: &str, also: char) -> Option<(&str, &str)> {
    let end = text.find(|c| !in_name(c) && c != also).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let begins_well = name.starts_with(|c: char| !c.is_ascii_digit());
    begins_well.then_some((name, rest))
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}
