//! What is looked at: the unit that is counted, and what may be true of one. Pure.

use std::fmt;

use crate::units::Span;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// HTTP requests.
    Requests,
    /// TCP connections.
    Connections,
    /// Bytes on TCP connections, in both directions.
    Bytes,
}

/// What a request (or a connection, or a byte) is, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// It takes between `low` and `high`.
    Takes {
        /// At least this.
        low: Option<Span>,
        /// Less than this.
        high: Option<Span>,
    },
    /// It ends in an error. For a client that is every answer that it cannot use: none, a status
    /// of 400 and above, an empty one. For a proxy it is none, or a status of 500 and above.
    Fails,
    /// It is answered with this status.
    Status(u16),
    /// It is never answered: somebody gave up before.
    Unanswered,
    /// The proxy put this response flag on it.
    Flagged(String),
    /// It reaches this version.
    Reaches(String),
    /// A copy of it reaches this version, which the caller's proxy never reports.
    Copied(String),
    /// It reaches the service at all: the destination's proxies count it too.
    Arrives,
    /// It reaches the service exactly this often.
    Tried(u32),
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Connections => "connections",
            Self::Bytes => "bytes",
        })
    }
}

// === impl Property ===

impl Property {
    /// As it was counted: `took at least 5s`, `answered 503`.
    #[must_use]
    pub fn past(&self) -> String {
        let (_, past, rest) = self.words();
        format!("{past}{rest}")
    }

    /// After "requests that": `take at least 5s`, `are answered 503`.
    pub(crate) fn relative(&self) -> String {
        let (seen, past, rest) = self.words();
        // A verb in one form only is a participle.
        let are = if seen == past { "are " } else { "" };
        format!("{are}{seen}{rest}")
    }

    /// Its verb as one sees it done, and as it was done; then what follows the verb.
    fn words(&self) -> (&'static str, &'static str, String) {
        match self {
            Self::Takes { low, high } => {
                let rest = match (low, high) {
                    (Some(low), Some(high)) => format!(" between {low} and {high}"),
                    (Some(low), None) => format!(" at least {low}"),
                    (None, Some(high)) => format!(" less than {high}"),
                    (None, None) => " any time".to_owned(),
                };
                ("take", "took", rest)
            }
            Self::Fails => ("fail", "failed", String::new()),
            Self::Status(status) => ("answered", "answered", format!(" {status}")),
            Self::Unanswered => ("get", "got", " no answer".to_owned()),
            Self::Flagged(flag) => ("carry", "carried", format!(" flag {flag}")),
            Self::Reaches(version) => ("reach", "reached", format!(" {version}")),
            Self::Copied(version) => ("copied", "copied", format!(" to {version}")),
            Self::Arrives => ("arrive", "arrived", String::new()),
            Self::Tried(1) => ("tried", "tried", " once".to_owned()),
            Self::Tried(times) => ("tried", "tried", format!(" {times} times")),
        }
    }
}

impl fmt::Display for Property {
    /// As one sees it: `take at least 5s`, `answered 503`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, _, rest) = self.words();
        write!(f, "{seen}{rest}")
    }
}
