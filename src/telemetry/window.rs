//! What the proxies counted between two moments: exact differences, and beside them, by name, the
//! parts that could not be had. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use exposition::Labels;

use crate::telemetry::delays::Delays;
use crate::telemetry::filter::Filter;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::metric::Metric;
use crate::telemetry::missing::Missing;
use crate::telemetry::pod_name::PodName;
use crate::telemetry::series::{Amount, Key};

/// What was counted between two moments, over all pods. Made by a [`Ledger`](super::Ledger).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// What each counter grew by; replicas of a pod have equal series.
    pub(crate) counters: BTreeMap<Key, u64>,
    /// What was added to each histogram; replicas may have other buckets.
    pub(crate) durations: BTreeMap<Arc<Labels>, Vec<Histogram>>,
    /// How late each pod's proxy ran, where it tells.
    pub(crate) delays: BTreeMap<PodName, Delays>,
    /// What is not in the window and might have been. Claims that do not need it stand.
    pub missing: Vec<Missing>,
}

// === impl Window ===

impl Window {
    /// Adds what was counted in another stretch of time. What either misses, both miss.
    pub fn add(&mut self, other: &Self) {
        for (key, count) in &other.counters {
            self.count(key, Amount::Count(*count));
        }
        for (labels, histograms) in &other.durations {
            for histogram in histograms {
                self.time(labels, histogram.clone());
            }
        }
        for (pod, delays) in &other.delays {
            self.delays.entry(pod.clone()).or_default().add(delays);
        }
        for missing in &other.missing {
            if !self.missing.iter_mut().any(|known| known.merge(missing)) {
                self.missing.push(missing.clone());
            }
        }
    }

    /// Takes away what was counted in a part of the time. What is missing stays so.
    pub fn subtract(&mut self, part: &Self) {
        for (key, count) in &part.counters {
            if let Some(whole) = self.counters.get_mut(key) {
                *whole = whole.saturating_sub(*count);
            }
        }
        for (labels, histograms) in &part.durations {
            let whole = self.durations.get_mut(labels).into_iter().flatten();
            for (whole, part) in whole.zip(histograms) {
                whole.subtract(part);
            }
        }
    }

    /// The missing parts that could have held something that is asked for. If there is one, the
    /// figures are what is known, and the whole is not.
    #[must_use]
    pub fn missing(&self, filter: &Filter, metric: Metric) -> Vec<&Missing> {
        self.missing.iter().filter(|missing| missing.may_hold(filter, metric)).collect()
    }

    /// How late each pod's proxy ran; nothing of those that do not tell.
    pub fn delays(&self) -> impl Iterator<Item = (&PodName, &Delays)> {
        self.delays.iter()
    }

    pub(crate) fn count(&mut self, key: &Key, amount: Amount) {
        match amount {
            Amount::Count(more) => {
                let count = self.counters.entry(key.clone()).or_default();
                *count = count.saturating_add(more);
            }
            Amount::Histogram(more) => self.time(&key.labels, more),
        }
    }

    fn time(&mut self, labels: &Arc<Labels>, more: Histogram) {
        let histograms = self.durations.entry(Arc::clone(labels)).or_default();
        match histograms.iter_mut().find(|histogram| histogram.fits(&more)) {
            Some(histogram) => histogram.add(&more),
            None => histograms.push(more),
        }
    }
}

/// Adds up by a key.
pub(crate) fn tally<K: Ord>(pairs: impl IntoIterator<Item = (K, u64)>) -> BTreeMap<K, u64> {
    let mut sums = BTreeMap::new();
    for (key, count) in pairs {
        // Bounded by pods × 2^53, which is far from u64's end.
        *sums.entry(key).or_insert(0) += count;
    }
    sums
}
