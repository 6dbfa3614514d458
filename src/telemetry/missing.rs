//! What a window cannot say: which part of which pod is missing, why, and whether a question needs
//! it. Pure.

use std::fmt;
use std::sync::Arc;

use exposition::{Labels, Reason};

use crate::telemetry::filter::{Filter, Fit, Reporter};
use crate::telemetry::metric::Metric;
use crate::telemetry::pod_name::PodName;
use crate::telemetry::series::Key;

/// Parts named in a sentence; there may be thousands.
const NAMED: usize = 5;

/// A part of a pod's numbers that is not in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// Whose.
    pub pod: PodName,
    /// How much of it.
    pub what: Part,
    /// Why.
    pub why: Why,
    /// The series that are known to be in the part.
    known: Vec<Key>,
}

/// How much of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Pod,
    /// A metric, by its name on the page.
    Metric(&'static str),
    /// One series.
    Series {
        /// Its metric's name.
        metric: &'static str,
        /// Its labels.
        labels: Arc<Labels>,
    },
}

/// Why a part is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The pod's proxy started anew, and what the old one counted last is not known.
    Restarted,
    /// The pod was not among those that were read.
    Vanished,
    /// The page had no line of Envoy's: pilot-agent could not read it.
    NoEnvoy,
    /// The pod could not be read, in the reader's words.
    Unread(String),
    /// A line that may be of this metric cannot be read.
    OddLine {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: Reason,
    },
    /// The page says of it what cannot be; completes "the metric …".
    CannotBe(&'static str),
    /// It was smaller at the later reading, and nobody knows what it had counted when it was reset.
    Reset {
        /// What it had counted.
        was: u64,
        /// What it had counted later.
        now: u64,
    },
    /// A histogram with other buckets than before.
    OtherBuckets,
}

// === impl Part ===

impl Part {
    pub(crate) fn of(key: &Key) -> Self {
        Self::Series { metric: key.metric, labels: Arc::clone(&key.labels) }
    }
}

// === impl Missing ===

impl Missing {
    pub(crate) const fn new(pod: PodName, what: Part, why: Why, known: Vec<Key>) -> Self {
        Self { pod, what, why, known }
    }

    /// Takes in another, if it is the same part for the same reason.
    pub(crate) fn merge(&mut self, other: &Self) -> bool {
        let same = (&self.pod, &self.what, &self.why) == (&other.pod, &other.what, &other.why);
        if same {
            let new: Vec<_> =
                other.known.iter().filter(|key| !self.known.contains(key)).cloned().collect();
            self.known.extend(new);
        }
        same
    }

    /// Several of them in one sentence, which names the first few.
    #[must_use]
    pub fn sentence(parts: &[&Self]) -> String {
        let mut named: Vec<String> = Vec::new();
        let mut more = 0;
        for part in parts {
            let said = part.to_string();
            if named.contains(&said) {
                continue;
            }
            if named.len() < NAMED { named.push(said) } else { more += 1 }
        }
        let named = named.join("; ");
        if more == 0 { named } else { format!("{named}; and {more} more") }
    }

    /// Whether it could have held something that is asked for. When in doubt it could.
    ///
    /// A series is asked by its labels. Of a pod or a metric it is asked which series there were
    /// before or after, but only by what a pod's other series have in common: whose side it is on,
    /// its own workload, and the service. Those that are missing may have been of another caller,
    /// another version or another status.
    #[must_use]
    pub fn may_hold(&self, filter: &Filter, metric: Metric) -> bool {
        match &self.what {
            Part::Series { metric: name, labels } => {
                Metric::of(name) == metric && filter.fit(labels) != Fit::No
            }
            Part::Metric(name) if Metric::of(name) != metric => false,
            Part::Metric(_) | Part::Pod => [Reporter::Source, Reporter::Destination]
                .into_iter()
                .filter(|reporter| filter.reporter.is_none_or(|asked| asked == *reporter))
                .any(|reporter| self.may_hold_of(reporter, filter, metric)),
        }
    }

    fn may_hold_of(&self, reporter: Reporter, filter: &Filter, metric: Metric) -> bool {
        let own = filter.own_side(reporter);
        // A pod is called for few services and calls many, some of them by TCP.
        let tells = |key: &&Key| {
            let metric_tells = Metric::of(key.metric) == metric;
            key.labels.get("reporter") == reporter.as_str()
                && (metric_tells || reporter == Reporter::Destination)
        };
        let mut known = self.known.iter().filter(tells).peekable();
        if known.peek().is_some() {
            return known.any(|key| own.fit(&key.labels) != Fit::No);
        }
        let (namespace, workload) = match reporter {
            Reporter::Source => (own.source_namespace, own.source_workload),
            Reporter::Destination => {
                let service = own.destination_service.and_then(|service| service.namespace);
                (own.destination_namespace.or(service), own.destination_workload)
            }
        };
        let differs = |asked: Option<String>, is: Option<&str>| {
            asked.zip(is).is_some_and(|(asked, is)| asked != is)
        };
        !differs(namespace, Some(&self.pod.namespace)) && !differs(workload, self.workload())
    }

    /// The pod's workload, if one of its series tells.
    fn workload(&self) -> Option<&str> {
        self.known.iter().find_map(|key| {
            let own = match key.labels.get("reporter") {
                "source" => "source_workload",
                "destination" => "destination_workload",
                _ => return None,
            };
            key.labels.find(own).filter(|workload| !matches!(*workload, "" | "unknown"))
        })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pod, what, why, known: _ } = self;
        let what = match what {
            Part::Pod => match why {
                Why::Restarted | Why::Vanished => return write!(f, "{pod} {why}"),
                _ => return write!(f, "{pod}: {why}"),
            },
            Part::Metric(metric) | Part::Series { metric, .. } => metric,
        };
        match why {
            Why::OddLine { .. } => write!(f, "{pod}: {why} ({what})"),
            _ => write!(f, "{pod}: {what} {why}"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restarted => f.write_str("restarted"),
            Self::Vanished => f.write_str("vanished"),
            Self::NoEnvoy => f.write_str("its page has nothing of its proxy's"),
            Self::Unread(why) => write!(f, "it could not be read: {why}"),
            Self::OddLine { line, reason } => write!(f, "line {line}: {reason}"),
            Self::CannotBe(what) => f.write_str(what),
            Self::Reset { was, now } if now < was => write!(f, "was reset ({was} -> {now})"),
            Self::Reset { .. } => f.write_str("was reset: some of its buckets shrank"),
            Self::OtherBuckets => f.write_str("has other buckets than before"),
        }
    }
}

#[cfg(test)]
#[path = "missing_tests.rs"]
mod tests;
