//! What several pods' proxies had counted at one moment: Istio's standard counters and the request
//! durations. Pure.
//!
//! One pod, one metric or one series that says what cannot be costs only itself: it is kept as
//! unread, with the reason, and the ledger makes of it what is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use exposition::{Labels, Sample};

use crate::telemetry::delays::Delays;
use crate::telemetry::histogram::{Lines, count};
use crate::telemetry::life::Life;
use crate::telemetry::metric::{COUNTERS, DURATIONS, METRICS, NAME};
use crate::telemetry::missing::Why;
use crate::telemetry::page::{OddLine, Page};
use crate::telemetry::pod_name::PodName;
use crate::telemetry::series::{Amount, Key};

const UPTIME: &str = "envoy_server_uptime";

const AGENT_START: &str = "istio_agent_process_start_time_seconds";

/// What several pods had counted at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    pub(crate) pods: BTreeMap<PodName, Reading>,
}

/// What one pod had counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Reading {
    pub(crate) life: Life,
    /// Why nothing is known of it.
    pub(crate) unread: Option<Why>,
    /// Metrics of which it is not known which series there are, and why.
    pub(crate) metrics: BTreeMap<&'static str, Why>,
    pub(crate) series: BTreeMap<Key, Result<Amount, Why>>,
    /// How late its threads ran, where it tells.
    pub(crate) delays: Delays,
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
        for Sample { name, mut labels, value } in page.samples {
            if let Some(metric) = COUNTERS.into_iter().find(|known| *known == name) {
                reading.take_counter(Key { metric, labels: Arc::new(labels) }, value);
            } else if let Some(suffix) = name.strip_prefix(DURATIONS) {
                if matches!(suffix, "" | "_bucket" | "_sum" | "_count") {
                    let bound = labels.take("le");
                    histograms.entry(labels).or_default().take(suffix, bound.as_deref(), value);
                }
            } else if let Some((thread, suffix)) = name.split_once(NAME) {
                let bound = labels.take("le");
                let lines = threads.entry((thread.to_owned(), labels)).or_default();
                lines.take(suffix, bound.as_deref(), value);
            } else if let Some(container) = labels.find("container") {
                reading.delays.take_queue(&name, container, value);
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
        reading.delays.add(&Delays::of(threads));
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

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
