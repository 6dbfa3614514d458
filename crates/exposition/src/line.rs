//! A page, line by line: which lines are comments, which are cut off, and the name that each of the
//! others begins with. Pure.

use std::borrow::Cow;

use crate::error::{ParseError, Reason};
use crate::sample::{self, After, Sample};

/// One pod's page is some 100 KB to 2 MB; beyond this it is not a metrics page.
pub const MAX_BYTES: usize = 32 << 20;
/// Istio's metrics have about 25 labels and their values are names; a longer line is not theirs.
pub const MAX_LINE_BYTES: usize = 64 << 10;

const BLANKS: [char; 4] = ['\n', '\r', ' ', '\t'];

/// A line that is no comment and not empty.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// All of it, without blanks at its ends.
    pub content: &'a str,
    head: Option<(Cow<'a, str>, After<'a>)>,
}

/// The lines of a page. Only what makes the whole page doubtful is an error, and the last item: its
/// length, and an end in the middle of a line, because then nobody knows what else is missing.
/// Comments, `# TYPE` and `# EOF` among them, are passed over. Bounded; never panics.
pub fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, ParseError>> {
    let too_long = text.len() > MAX_BYTES;
    let refusal = too_long.then_some(Err(ParseError { line: 1, reason: Reason::PageTooLong }));
    let text = if too_long { "" } else { text };
    let lines = text.split_inclusive('\n').enumerate();
    refusal.into_iter().chain(lines.filter_map(|(index, line)| read(index + 1, line).transpose()))
}

/// A line with its end; `None` for what says nothing.
fn read(number: usize, line: &str) -> Result<Option<Line<'_>>, ParseError> {
    let content = line.trim_matches(BLANKS);
    // `# EOF` may end without a line break, and what was merged behind it begins right there.
    let content = content.strip_prefix("# EOF").unwrap_or(content).trim_start_matches(BLANKS);
    let comment = content.starts_with('#');
    let ends = line.ends_with('\n') || content.is_empty();
    if !(ends || comment && may_be_last(content)) {
        return Err(ParseError { line: number, reason: Reason::CutOff });
    }
    let says = !content.is_empty() && !comment;
    Ok(says.then(|| Line { number, content, head: sample::head(content) }))
}

/// Whether a page can end with this comment, without a line break. What begins like `# TYPE`
/// announces samples, which were cut off with the rest of it.
fn may_be_last(comment: &str) -> bool {
    let announces = |word: &&str| word.starts_with(comment) || comment.starts_with(*word);
    !["# TYPE", "# HELP", "# UNIT", "# EOF"].iter().any(announces)
}

// === impl Line ===

impl Line<'_> {
    /// The metric's name, with its suffix; `None` if the line begins with none, or if it does not
    /// end as names do.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.head.as_ref().map(|(name, _)| name.as_ref())
    }

    /// Its series and value.
    pub fn sample(&self) -> Result<Sample, Reason> {
        if self.content.len() > MAX_LINE_BYTES {
            return Err(Reason::LineTooLong);
        }
        let (name, after) = self.head.as_ref().ok_or(Reason::MetricName)?;
        sample::read(name, *after)
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
