//! What several pods' proxies had counted at one moment: Istio's standard counters and the request
//! durations. Pure.
//!
//! One pod, one metric or one series that says what cannot be costs only itself: it is kept as
//! unread, with the reason, and the ledger makes of it what is missing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::delays::{self, Delays};
use exposition::{Labels, Sample};

use super::histogram::{Histogram, Lines};
use super::missing::Why;
use super::page::{OddLine, Page};

/// Counters larger than this are no longer whole numbers in the text format's floats.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

pub(super) const REQUESTS: &str = "istio_requests_total";
pub(super) const DURATIONS: &str = "istio_request_duration_milliseconds";
pub(super) const TCP_OPENED: &str = "istio_tcp_connections_opened_total";
pub(super) const TCP_CLOSED: &str = "istio_tcp_connections_closed_total";
pub(super) const TCP_SENT: &str = "istio_tcp_sent_bytes_total";
pub(super) const TCP_RECEIVED: &str = "istio_tcp_received_bytes_total";

const COUNTERS: [&str; 5] = [REQUESTS, TCP_OPENED, TCP_CLOSED, TCP_SENT, TCP_RECEIVED];
/// All metrics that are followed.
pub(super) const METRICS: [&str; 6] =
    [REQUESTS, DURATIONS, TCP_OPENED, TCP_CLOSED, TCP_SENT, TCP_RECEIVED];

const UPTIME: &str = "envoy_server_uptime";
const AGENT_START: &str = "istio_agent_process_start_time_seconds";

/// Envoy's uptime is whole seconds, brought up to date at each flush of its statistics.
const UPTIME_ROUNDING: f64 = 1.0;
/// A process' start is reckoned from the machine's, which moves a little when its clock is set.
const START_ROUNDING: f64 = 2.0;

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// How many requests, and how they ended.
    Requests,
    /// How long they took.
    Durations,
    /// TCP connections and bytes.
    Tcp,
}

/// What several pods had counted at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    pub(super) pods: BTreeMap<PodName, Reading>,
}

/// What one pod had counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Reading {
    pub(super) life: Life,
    /// Why nothing is known of it.
    pub(super) unread: Option<Why>,
    /// Metrics of which it is not known which series there are, and why.
    pub(super) metrics: BTreeMap<&'static str, Why>,
    pub(super) series: BTreeMap<Key, Result<Amount, Why>>,
    /// How late its threads ran, where it tells.
    pub(super) delays: Delays,
}

/// A series of a pod; a histogram's is without `le`. The labels are shared by all that is kept of
/// a series: snapshots, ledgers, windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) metric: &'static str,
    pub(super) labels: Arc<Labels>,
}

/// What a series had counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Amount {
    Count(u64),
    Histogram(Histogram),
}

/// What tells a proxy's lives apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Life {
    /// The pod's own word for it; empty if unknown.
    incarnation: String,
    /// Seconds since Envoy's start.
    uptime: Option<f64>,
    /// Seconds since the epoch at the start of the agent, which starts Envoy and ends with it.
    agent_start: Option<f64>,
}

// === impl PodName ===

impl PodName {
    /// From its parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

// === impl Metric ===

impl Metric {
    pub(super) fn of(name: &str) -> Self {
        match name {
            REQUESTS => Self::Requests,
            DURATIONS => Self::Durations,
            _ => Self::Tcp,
        }
    }
}

// === impl Snapshot ===

impl Snapshot {
    /// Adds (or replaces) a pod's page. `incarnation` tells a pod's lives apart, so that a restart
    /// is known even when the new counters have outgrown the old ones: the pod's uid with its
    /// proxy's restart count; empty if unknown. A page that lacks Envoy's part
    /// ([`Page::lacks_envoy`]) leaves the pod unread: ask again before.
    pub fn insert(&mut self, pod: PodName, incarnation: impl Into<String>, page: Page) {
        self.pods.insert(pod, Reading::new(incarnation.into(), page));
    }

    /// Adds (or replaces) a pod that could not be read. `why` completes "it could not be read:".
    pub fn absent(&mut self, pod: PodName, incarnation: impl Into<String>, why: impl Into<String>) {
        let life = Life { incarnation: incarnation.into(), ..Life::default() };
        let unread = Some(Why::Unread(why.into()));
        self.pods.insert(pod, Reading { life, unread, ..Reading::default() });
    }

    /// The pods in it, in order.
    pub fn pods(&self) -> impl Iterator<Item = &PodName> {
        self.pods.keys()
    }
}

// === impl Life ===

impl Life {
    /// Whether this may be the life that `was` is from, later. What is unknown says nothing.
    pub(super) fn continues(&self, was: &Self) -> bool {
        let known = !self.incarnation.is_empty() && !was.incarnation.is_empty();
        if known && self.incarnation != was.incarnation {
            return false;
        }
        match (self.uptime, was.uptime) {
            (Some(now), Some(was)) => now + UPTIME_ROUNDING >= was,
            _ => match (self.agent_start, was.agent_start) {
                (Some(now), Some(was)) => (now - was).abs() <= START_ROUNDING,
                _ => true,
            },
        }
    }

    /// Learns from a later reading of the same life; what it does not say stays.
    pub(super) fn learn(&mut self, now: &Self) {
        if !now.incarnation.is_empty() {
            self.incarnation.clone_from(&now.incarnation);
        }
        self.uptime = now.uptime.or(self.uptime);
        self.agent_start = now.agent_start.or(self.agent_start);
    }

    /// Whether Envoy told its uptime.
    pub(super) const fn has_uptime(&self) -> bool {
        self.uptime.is_some()
    }
}

// === impl Reading ===

impl Reading {
    fn new(incarnation: String, page: Page) -> Self {
        let life = Life { incarnation, ..Life::default() };
        let mut reading = Self { life, ..Self::default() };
        if page.lacks_envoy() {
            reading.unread = Some(Why::NoEnvoy);
        }
        for odd in &page.odd {
            reading.take_odd(odd);
        }
        let mut histograms: BTreeMap<Labels, Lines> = BTreeMap::new();
        let mut threads: BTreeMap<(String, Labels), Lines> = BTreeMap::new();
        let (mut periods, mut waited) = (None, None);
        for Sample { name, mut labels, value } in page.samples {
            if let Some(metric) = COUNTERS.into_iter().find(|known| *known == name) {
                reading.take_counter(Key { metric, labels: Arc::new(labels) }, value);
            } else if let Some(suffix) = name.strip_prefix(DURATIONS) {
                if matches!(suffix, "" | "_bucket" | "_sum" | "_count") {
                    let bound = labels.take("le");
                    histograms.entry(labels).or_default().take(suffix, bound.as_deref(), value);
                }
            } else if let Some((thread, suffix)) = name.split_once(delays::NAME) {
                let bound = labels.take("le");
                let lines = threads.entry((thread.to_owned(), labels)).or_default();
                lines.take(suffix, bound.as_deref(), value);
            } else if labels.find("container") == Some(delays::CONTAINER) {
                match name.as_str() {
                    delays::PERIODS => periods = Some(value),
                    delays::WAITED => waited = Some(value),
                    _ => {}
                }
            } else if name == UPTIME {
                reading.life.uptime = Some(value).filter(|value| value.is_finite());
            } else if name == AGENT_START {
                reading.life.agent_start = Some(value).filter(|value| value.is_finite());
            }
        }
        for (labels, lines) in histograms {
            let key = Key { metric: DURATIONS, labels: Arc::new(labels) };
            let amount = lines.histogram().map(Amount::Histogram).map_err(Why::CannotBe);
            reading.series.insert(key, amount);
        }
        // What cannot be read of it is no witness, and nothing else.
        let threads = threads.into_values().filter_map(|lines| lines.histogram().ok());
        reading.delays = Delays::of(threads).queued(periods, waited);
        reading
    }

    /// An odd line that may be one of a metric's makes the metric unread: nobody knows which series
    /// it was. A name that ends early may have become any of those that begin like it.
    fn take_odd(&mut self, odd: &OddLine) {
        if !odd.metric.starts_with("istio_") {
            return;
        }
        for metric in METRICS {
            if odd.metric.starts_with(metric) || metric.starts_with(&odd.metric) {
                let why = Why::OddLine { line: odd.line, reason: odd.reason };
                self.metrics.entry(metric).or_insert(why);
            }
        }
    }

    fn take_counter(&mut self, key: Key, value: f64) {
        let amount = match self.series.contains_key(&key) {
            true => Err("occurs twice"),
            false => count(value).map(Amount::Count),
        };
        self.series.insert(key, amount.map_err(Why::CannotBe));
    }
}

pub(super) fn count(value: f64) -> Result<u64, &'static str> {
    if !(0.0..=MAX_COUNT).contains(&value) || value.fract() != 0.0 {
        return Err("is not a whole number");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 0 and 2^53, as was just checked"
    )]
    Ok(value as u64)
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
