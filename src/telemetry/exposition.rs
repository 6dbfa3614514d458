//! The Prometheus text format, version 0.0.4, as Envoy and pilot-agent write it. Pure.
//!
//! Written for this house because the parser on the shelf silently drops what Envoy emits: `name{}`
//! and label values that contain `}` or `,`. Source: Prometheus' documentation, "Exposition
//! formats". Comments, `# HELP` and `# TYPE` among them, are passed over: the metrics read here are
//! known by name.

use std::str::Chars;

/// One pod's page is some 100 KB to 2 MB; beyond this it is not a metrics page.
pub const MAX_BYTES: usize = 32 << 20;
/// Istio's metrics have about 25 labels and their values are names; a longer line is not theirs.
const MAX_LINE_BYTES: usize = 64 << 10;
const MAX_LABELS: usize = 128;
/// Samples per page: bounds memory (a sample of 25 labels takes about 2 KB).
const MAX_SAMPLES: usize = 200_000;

/// One line of a page: a series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name, with its suffix (`_bucket`, `_sum`, `_count`).
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
    /// Milliseconds since the epoch, if the page says.
    pub timestamp_ms: Option<i64>,
}

/// Labels in the order of their names; a name occurs once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Vec<(String, String)>);

/// Why a page could not be understood. A page is understood whole or not at all: a figure from half
/// a page would be a wrong figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the metrics page: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What can be wrong with a line.
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
    #[error("the timestamp is not a whole number of milliseconds")]
    Timestamp,
    /// More than a value and a timestamp.
    #[error("something follows the timestamp")]
    Trailing,
    /// The last line has no end: the page was cut off, perhaps inside a number.
    #[error("the page ends in the middle of a line")]
    CutOff,
}

/// Reads a page. Bounded in bytes, lines, labels and samples; never panics.
pub fn parse(text: &str) -> Result<Vec<Sample>, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError { line: 1, reason: Reason::PageTooLong });
    }
    let mut samples = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let fail = |reason| ParseError { line: index + 1, reason };
        if line.len() > MAX_LINE_BYTES {
            return Err(fail(Reason::LineTooLong));
        }
        let content = line.trim_matches(['\n', '\r', ' ', '\t']);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if !line.ends_with('\n') {
            return Err(fail(Reason::CutOff));
        }
        if samples.len() == MAX_SAMPLES {
            return Err(fail(Reason::TooManySamples));
        }
        samples.push(sample(content).map_err(fail)?);
    }
    Ok(samples)
}

fn sample(line: &str) -> Result<Sample, Reason> {
    let (name, rest) = split_name(line, |c| c == ':').ok_or(Reason::MetricName)?;
    let rest = skip_blanks(rest);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None if rest.len() == line.len() - name.len() => return Err(Reason::MetricName),
        None => (Labels::default(), rest),
    };
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().and_then(number).ok_or(Reason::Value)?;
    let timestamp_ms = match words.next() {
        Some(word) => Some(word.parse().map_err(|_| Reason::Timestamp)?),
        None => None,
    };
    if words.next().is_some() {
        return Err(Reason::Trailing);
    }
    Ok(Sample { name: name.to_owned(), labels, value, timestamp_ms })
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
            return Ok((Labels::new(labels)?, after));
        }
        if labels.len() == MAX_LABELS {
            return Err(Reason::TooManyLabels);
        }
        let (name, after) = split_name(rest, |_| false).ok_or(Reason::LabelName)?;
        let after = skip_blanks(after).strip_prefix('=').ok_or(Reason::Equals)?;
        let after = skip_blanks(after).strip_prefix('"').ok_or(Reason::Quotes)?;
        let (value, after) = quoted(after)?;
        labels.push((name.to_owned(), value));
        let after = skip_blanks(after);
        rest = match after.strip_prefix(',') {
            Some(next) => next,
            None if after.starts_with('}') => after,
            None => return Err(Reason::Separator),
        };
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

fn split_name(text: &str, also: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || also(c);
    let end = text.find(|c| !inner(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let begins_well = name.starts_with(|c: char| !c.is_ascii_digit());
    begins_well.then_some((name, rest))
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

// === impl Labels ===

impl Labels {
    fn new(mut labels: Vec<(String, String)>) -> Result<Self, Reason> {
        labels.sort_unstable();
        if labels.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Reason::LabelTwice);
        }
        Ok(Self(labels))
    }

    /// A label's value; an absent label is the empty string, as Prometheus has it.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.binary_search_by(|(label, _)| label.as_str().cmp(name));
        found.map_or("", |index| &self.0[index].1)
    }

    /// Name and value of each, in the order of the names.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, String)> {
        self.0.iter()
    }

    /// Takes a label out and returns its value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let found = self.0.binary_search_by(|(label, _)| label.as_str().cmp(name));
        found.ok().map(|index| self.0.remove(index).1)
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a (String, String);
    type IntoIter = std::slice::Iter<'a, (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> Sample {
        let mut samples = parse(&format!("{line}\n")).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!(samples.len(), 1, "{line}");
        samples.remove(0)
    }

    fn reason(text: &str) -> Reason {
        parse(text).expect_err(text).reason
    }

    #[test]
    fn what_envoy_writes() {
        let page = "# TYPE envoy_cluster_manager_cds_update_success counter\n\
            envoy_cluster_manager_cds_update_success{} 3\n\n\
            istio_requests_total{src=\"source\",response_flags=\"URX,UF\",path=\"/a{b}=c\"} 12\n\
            up 1\n\tspaced { a = \"1\" , b=\"\" , } +Inf 1395066363000 \n\
            # EOF";
        let samples = parse(page).unwrap();
        assert_eq!(samples.len(), 4);
        assert_eq!(samples[0].name, "envoy_cluster_manager_cds_update_success");
        assert_eq!(samples[1].labels.get("response_flags"), "URX,UF");
        assert_eq!(samples[1].labels.get("path"), "/a{b}=c");
        assert_eq!(samples[1].labels.get("none"), "");
        assert_eq!(samples[2].labels, Labels::default());
        assert_eq!(samples[3].timestamp_ms, Some(1_395_066_363_000));
        assert!(samples[3].value.is_infinite());
    }

    #[test]
    fn escapes_and_numbers() {
        assert_eq!(one(r#"a{b="x\\y\"z\nw"} 1"#).labels.get("b"), "x\\y\"z\nw");
        assert!(one("a NaN").value.is_nan());
        assert!(one("a -Inf").value.is_sign_negative());
        for (word, value) in [("1.458255915e9", 1.458_255_915e9), ("-3", -3.0), ("0.5", 0.5)] {
            assert!((one(&format!("a {word}")).value - value).abs() < f64::EPSILON, "{word}");
        }
        assert_eq!(one("a:b_c 1\r").name, "a:b_c");
        assert_eq!(one("a{x=\"1\"}2").name, "a");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = parse("up 1\n\nup{a=\"1} 2\n").unwrap_err();
        assert_eq!((error.line, error.reason), (3, Reason::Quotes));
        for (text, expected) in [
            ("1up 1\n", Reason::MetricName),
            ("{a=\"1\"} 1\n", Reason::MetricName),
            ("up-1 1\n", Reason::MetricName),
            ("up{1a=\"\"} 1\n", Reason::LabelName),
            ("up{,} 1\n", Reason::LabelName),
            ("up{a:b=\"\"} 1\n", Reason::Equals),
            ("up{a} 1\n", Reason::Equals),
            ("up{a=1} 1\n", Reason::Quotes),
            ("up{a=\"\\t\"} 1\n", Reason::Escape),
            ("up{a=\"\"b=\"\"} 1\n", Reason::Separator),
            ("up{a=\"1\",a=\"2\"} 1\n", Reason::LabelTwice),
            ("up\n", Reason::MetricName),
            ("up{}\n", Reason::Value),
            ("up 1_000\n", Reason::Value),
            ("up one\n", Reason::Value),
            ("up 1 1.5\n", Reason::Timestamp),
            ("up 1 2 3\n", Reason::Trailing),
            ("up 12", Reason::CutOff),
            ("up 12\nup{a=\"", Reason::CutOff),
        ] {
            assert_eq!(reason(text), expected, "{text}");
        }
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(reason(&"#\n".repeat(MAX_BYTES / 2 + 1)), Reason::PageTooLong);
        assert_eq!(reason(&format!("up{} 1\n", " ".repeat(MAX_LINE_BYTES))), Reason::LineTooLong);
        assert_eq!(reason(&"a 1\n".repeat(MAX_SAMPLES + 1)), Reason::TooManySamples);
        let labels = (0..=MAX_LABELS).fold(String::new(), |mut all, n| {
            write!(all, "l{n}=\"\",").unwrap();
            all
        });
        assert_eq!(reason(&format!("a{{{labels}}} 1\n")), Reason::TooManyLabels);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_of_the_formats_own_characters_panics(
            text in "[a1_:{}=,\"\\\\n#\\+ \t\r\n.eINF-]{0,200}",
        ) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
            labels in prop::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,9}", ".*", 0..6),
            value in prop::num::f64::ANY,
            timestamp in prop::option::of(any::<i64>()),
        ) {
            let mut line = format!("{name}{{");
            for (label, value) in &labels {
                let value =
                    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                write!(line, "{label}=\"{value}\",").unwrap();
            }
            write!(line, "}} {value}").unwrap();
            if let Some(timestamp) = timestamp {
                write!(line, " {timestamp}").unwrap();
            }
            let sample = one(&line);
            prop_assert_eq!(&sample.name, &name);
            prop_assert_eq!(sample.timestamp_ms, timestamp);
            prop_assert!(sample.value.to_bits() == value.to_bits() || value.is_nan());
            let read: Vec<_> = sample.labels.into_iter().cloned().collect();
            prop_assert_eq!(read, labels.into_iter().collect::<Vec<_>>());
        }
    }
}
