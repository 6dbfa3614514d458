//! The Prometheus text format, version 0.0.4, and OpenMetrics as far as a pod's merged page mixes
//! it in. Pure.
//!
//! Written for this house because the parser on the shelf silently drops what Envoy emits: `name{}`
//! and label values that contain `}` or `,`. Sources: Prometheus' documentation, "Exposition
//! formats"; the OpenMetrics specification. Comments, `# TYPE` and `# EOF` among them, are passed
//! over: the metrics read here are known by name.
//!
//! pilot-agent puts the application's lines behind Envoy's as they are, whatever they are. So a
//! page is read line by line: of what is not ours only the name is looked at, and a line that
//! cannot be read costs no other line.

use std::borrow::Cow;
use std::str::Chars;

use super::labels::Labels;

/// One pod's page is some 100 KB to 2 MB; beyond this it is not a metrics page.
pub const MAX_BYTES: usize = 32 << 20;
/// Istio's metrics have about 25 labels and their values are names; a longer line is not theirs.
const MAX_LINE_BYTES: usize = 64 << 10;
const MAX_LABELS: usize = 128;
/// Samples and odd lines of ours per page: bounds memory (a sample of 25 labels takes about 2 KB).
const MAX_SAMPLES: usize = 200_000;
/// Odd lines of others that are kept; they are only ever shown to a person.
const MAX_FOREIGN_ODD: usize = 16;
/// Characters of an odd line's name that are kept: more than the longest of Istio's names has.
const MAX_ODD_NAME: usize = 80;

const BLANKS: [char; 4] = ['\n', '\r', ' ', '\t'];

/// What samples are kept of: all that is read elsewhere. The rest of Istio's and Envoy's metrics
/// (sizes, clusters) is most of a large page.
const OURS: [&str; 6] = [
    "container_cpu_schedstat_run",
    "istio_requests_total",
    "istio_request_duration_milliseconds",
    "istio_tcp_",
    "istio_agent_process_start_time_seconds",
    "envoy_server_uptime",
];

/// What only Envoy writes. `istio_agent_…` is pilot-agent's own, and there without Envoy.
const ENVOYS: [&str; 5] =
    ["envoy_", "istio_requests_total", "istio_request_", "istio_response_", "istio_tcp_"];

/// What a page says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The samples of the metrics that are read here.
    pub samples: Vec<Sample>,
    /// Lines that cannot be read: all whose metric begins like Istio's, and the first few others.
    pub odd: Vec<OddLine>,
    /// How many more odd lines there are.
    pub more_odd: usize,
    /// How many lines are of other metrics.
    pub others: usize,
    envoy: bool,
    /// How many odd lines are not Istio's.
    foreign_odd: usize,
}

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

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct OddLine {
    /// From 1.
    pub line: usize,
    /// The name it begins with as far as that can be read; empty if it begins otherwise.
    pub metric: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a page as a whole says nothing. (A line that cannot be read is an [`OddLine`].)
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the metrics page: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What can be wrong with a line or a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The page is larger than `MAX_BYTES`.
    #[error("the page is larger than 32 MiB")]
    PageTooLong,
    /// The line is too long.
    #[error("longer than 64 KiB")]
    LineTooLong,
    /// Too many samples.
    #[error("more than 200,000 samples")]
    TooManySamples,
    /// Too many labels.
    #[error("more than 128 labels")]
    TooManyLabels,
    /// No name where one must be, or a character that names cannot have.
    #[error("not a metric name")]
    MetricName,
    /// The same for a label.
    #[error("not a label name")]
    LabelName,
    /// A label twice in one series.
    #[error("a label occurs twice")]
    LabelTwice,
    /// No `=` after a label's name.
    #[error("no `=` after a label's name")]
    Equals,
    /// A label's value without its quotes, or that does not end.
    #[error("a label's value is not quoted to its end")]
    Quotes,
    /// `\` before something else than `\`, `"` and `n`.
    #[error("an unknown escape in a label's value")]
    Escape,
    /// Something else than `,` or `}` after a label.
    #[error("neither `,` nor `}}` after a label")]
    Separator,
    /// No number.
    #[error("the value is not a number")]
    Value,
    /// A timestamp that is none.
    #[error("the timestamp is not a number")]
    Timestamp,
    /// More than a value, a timestamp and an exemplar.
    #[error("something follows the timestamp")]
    Trailing,
    /// The last line has no end: the page was cut off, perhaps inside a number.
    #[error("the page ends in the middle of a line")]
    CutOff,
}

/// Reads a page. Only what makes the whole page doubtful is an error: its length, more of our
/// samples than a proxy can have, and an end in the middle of a line, because then nobody knows
/// what else is missing. Bounded in bytes, lines, labels and samples; never panics.
pub fn parse(text: &str) -> Result<Page, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError { line: 1, reason: Reason::PageTooLong });
    }
    let mut page = Page::default();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let fail = |reason| ParseError { line: index + 1, reason };
        let content = line.trim_matches(BLANKS);
        // `# EOF` may end without a line break, and what was merged behind it begins right there.
        let content = content.strip_prefix("# EOF").unwrap_or(content).trim_start_matches(BLANKS);
        let comment = content.starts_with('#');
        let ends = line.ends_with('\n') || content.is_empty();
        if !(ends || comment && may_be_last(content)) {
            return Err(fail(Reason::CutOff));
        }
        if content.is_empty() || comment {
            continue;
        }
        page.read(index + 1, content);
        if page.samples.len() + page.odd.len() > MAX_SAMPLES + MAX_FOREIGN_ODD {
            return Err(fail(Reason::TooManySamples));
        }
    }
    Ok(page)
}

/// Whether a page can end with this comment, without a line break. What begins like `# TYPE`
/// announces samples, which were cut off with the rest of it.
fn may_be_last(comment: &str) -> bool {
    let announces = |word: &&str| word.starts_with(comment) || comment.starts_with(*word);
    !["# TYPE", "# HELP", "# UNIT", "# EOF"].iter().any(announces)
}

// === impl Page ===

impl Page {
    /// Whether this is the page of a pilot-agent that could not read its Envoy: it answers 200 all
    /// the same, with its own lines and the application's. Such a page says nothing about traffic,
    /// not even that there was none; another reading may.
    #[must_use]
    pub const fn lacks_envoy(&self) -> bool {
        !self.envoy
    }

    fn read(&mut self, line: usize, content: &str) {
        let Some((name, after)) = head(content) else {
            return self.odd(line, content, Reason::MetricName);
        };
        let name = name.as_ref();
        self.envoy |= ENVOYS.iter().any(|start| name.starts_with(start))
            // pilot-agent writes one of its own.
            || name == "istio_build" && content.contains("component=\"proxy\"");
        let ours = OURS.iter().any(|start| name.starts_with(start)) || is_delay(name);
        if !ours {
            self.others += 1;
        } else if content.len() > MAX_LINE_BYTES {
            self.odd(line, content, Reason::LineTooLong);
        } else {
            match sample(name, after) {
                Ok(sample) => self.samples.push(sample),
                Err(reason) => self.odd(line, content, reason),
            }
        }
    }

    /// Notes an odd line. Those that may be Istio's are never dropped: figures depend on them.
    fn odd(&mut self, line: usize, content: &str, reason: Reason) {
        let begin = content.trim_start_matches(['{', ' ', '\t', '"']);
        let metric: String = begin.chars().take_while(|c| in_name(*c)).take(MAX_ODD_NAME).collect();
        if !metric.starts_with("istio_") {
            self.foreign_odd += 1;
            if self.foreign_odd > MAX_FOREIGN_ODD {
                self.more_odd += 1;
                return;
            }
        }
        self.odd.push(OddLine { line, metric, reason });
    }
}

/// Whether it is of the histogram of how late a thread of Envoy ran (`delays`).
fn is_delay(name: &str) -> bool {
    name.starts_with("envoy_") && name.contains(super::delays::NAME)
}

// === lines ===

/// What follows a metric's name.
enum After<'a> {
    /// Labels in braces perhaps, then the value.
    Name(&'a str),
    /// The name stood inside the braces (`{"http.requests",code="200"} 3`): labels, then `}`.
    Brace(&'a str),
}

/// The name a line begins with; `None` if there is none, or if it does not end as names do.
fn head(line: &str) -> Option<(Cow<'_, str>, After<'_>)> {
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

fn sample(name: &str, after: After<'_>) -> Result<Sample, Reason> {
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

#[cfg(test)]
#[path = "exposition_tests.rs"]
mod tests;
