//! What a sidecar's page says: the samples of the metrics that are read here, and the lines that
//! cannot be read. Pure.
//!
//! pilot-agent puts the application's lines behind Envoy's as they are, whatever they are. So of
//! what is not ours only the name is looked at, and a line that cannot be read costs no other line.

use exposition::{Line, ParseError, Reason, Sample, lines};

use crate::telemetry::metric::NAME;

/// Samples and odd lines of ours per page: bounds memory (a sample of 25 labels takes about 2 KB).
const MAX_SAMPLES: usize = 200_000;

/// Odd lines of others that are kept; they are only ever shown to a person.
const MAX_FOREIGN_ODD: usize = 16;

/// Characters of an odd line's name that are kept: more than the longest of Istio's names has.
const MAX_ODD_NAME: usize = 80;

/// What samples are kept of: all that is read elsewhere. The rest of Istio's and Envoy's metrics
/// (sizes, clusters) is most of a large page.
pub(crate) const OURS: [&str; 6] = [
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

/// Reads a page. Only what makes the whole page doubtful is an error: its length, more of our
/// samples than a proxy can have, and an end in the middle of a line, because then nobody knows
/// what else is missing. Bounded in bytes, lines, labels and samples; never panics.
pub fn parse(text: &str) -> Result<Page, ParseError> {
    let mut page = Page::default();
    for line in lines(text) {
        let line = line?;
        page.read(&line);
        if page.samples.len() + page.odd.len() > MAX_SAMPLES + MAX_FOREIGN_ODD {
            return Err(ParseError { line: line.number, reason: Reason::TooManySamples });
        }
    }
    Ok(page)
}

// === impl Page ===

impl Page {
    /// A page by samples that were read elsewhere.
    pub(crate) fn of(samples: impl IntoIterator<Item = Sample>) -> Self {
        let mut page = Self::default();
        for sample in samples {
            page.envoy |= is_envoys(&sample.name);
            match is_ours(&sample.name) {
                true => page.samples.push(sample),
                false => page.others += 1,
            }
        }
        page
    }

    /// Whether this is the page of a pilot-agent that could not read its Envoy: it answers 200 all
    /// the same, with its own lines and the application's. Such a page says nothing about traffic,
    /// not even that there was none; another reading may.
    #[must_use]
    pub const fn lacks_envoy(&self) -> bool {
        !self.envoy
    }

    fn read(&mut self, line: &Line<'_>) {
        let Some(name) = line.name() else {
            return self.odd(line, Reason::MetricName);
        };
        self.envoy |= is_envoys(name)
            // pilot-agent writes one of its own.
            || name == "istio_build" && line.content.contains("component=\"proxy\"");
        if !is_ours(name) {
            self.others += 1;
            return;
        }
        match line.sample() {
            Ok(sample) => self.samples.push(sample),
            Err(reason) => self.odd(line, reason),
        }
    }

    /// Notes an odd line. Those that may be Istio's are never dropped: figures depend on them.
    fn odd(&mut self, line: &Line<'_>, reason: Reason) {
        let begin = line.content.trim_start_matches(['{', ' ', '\t', '"']);
        let in_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let metric: String = begin.chars().take_while(in_name).take(MAX_ODD_NAME).collect();
        if !metric.starts_with("istio_") {
            self.foreign_odd += 1;
            if self.foreign_odd > MAX_FOREIGN_ODD {
                self.more_odd += 1;
                return;
            }
        }
        self.odd.push(OddLine { line: line.number, metric, reason });
    }
}

/// Whether only Envoy writes it.
pub(crate) fn is_envoys(name: &str) -> bool {
    ENVOYS.iter().any(|start| name.starts_with(start))
}

fn is_ours(name: &str) -> bool {
    OURS.iter().any(|start| name.starts_with(start)) || is_delay(name)
}

/// Whether it is of the histogram of how late a thread of Envoy ran (`delays`).
fn is_delay(name: &str) -> bool {
    name.starts_with("envoy_") && name.contains(NAME)
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
