//! What can be wrong with a page of Prometheus' text, or with one of its lines. Pure.

/// Why a page as a whole says nothing. (Why a single line cannot be read is a [`Reason`] alone.)
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
