//! What the proxies counted between two moments: exact differences, or an error that names the pod
//! whose counters cannot be subtracted. Pure.

use std::collections::BTreeMap;
use std::fmt;

use super::exposition::Labels;
use super::snapshot::{Histogram, PodCounts, PodName, Snapshot};

/// Pods named in an error; there may be thousands.
const NAMED_PODS: usize = 10;

/// What was counted between two snapshots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// Growth of each counter: metric, labels, how much. One entry per pod and series.
    pub(super) counters: Vec<(&'static str, Labels, u64)>,
    /// Growth of each histogram.
    pub(super) durations: Vec<(Labels, Histogram)>,
}

/// Two snapshots whose difference would be a lie, because a pod's counters went away in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowError {
    /// The pods and what happened to each.
    pub pods: Vec<(PodName, Trouble)>,
}

/// What happened to a pod's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// They started again from zero.
    Restarted,
    /// The pod is not there any more, and what it counted last is not known.
    Vanished,
}

// === impl Window ===

impl Window {
    /// What was counted after `before` and up to `after`. Pods and series that are new count from
    /// zero.
    pub fn between(before: &Snapshot, after: &Snapshot) -> Result<Self, WindowError> {
        let mut window = Self::default();
        let mut troubles = Vec::new();
        for pod in before.pods.keys().filter(|pod| !after.pods.contains_key(pod)) {
            troubles.push((pod.clone(), Trouble::Vanished));
        }
        let nothing = PodCounts::default();
        for (pod, after) in &after.pods {
            let before = before.pods.get(pod);
            let same_life = before.is_none_or(|before| before.incarnation == after.incarnation);
            let known = !after.incarnation.is_empty() && same_life;
            let grown = window.add(before.unwrap_or(&nothing), after, known);
            if !same_life || grown.is_none() {
                troubles.push((pod.clone(), Trouble::Restarted));
            }
        }
        if troubles.is_empty() { Ok(window) } else { Err(WindowError { pods: troubles }) }
    }

    /// Adds a pod's growth; `None` if something shrank or is gone. In a life that is known to have
    /// gone on, a series that is gone was given up by its proxy, as Envoy does with what only a
    /// replaced listener counted once its last connections have drained: it had not grown since.
    fn add(&mut self, before: &PodCounts, after: &PodCounts, same_life: bool) -> Option<()> {
        let kept = same_life
            || before.counters.keys().all(|key| after.counters.contains_key(key))
                && before.durations.keys().all(|key| after.durations.contains_key(key));
        if !kept {
            return None;
        }
        for (key, now) in &after.counters {
            let was = before.counters.get(key).copied().unwrap_or(0);
            self.counters.push((key.0, key.1.clone(), now.checked_sub(was)?));
        }
        for (labels, now) in &after.durations {
            let grown = match before.durations.get(labels) {
                Some(was) => now.since(was)?,
                None => now.clone(),
            };
            self.durations.push((labels.clone(), grown));
        }
        Some(())
    }
}

impl Histogram {
    /// What was added since; `None` if something shrank or the buckets are others.
    fn since(&self, was: &Self) -> Option<Self> {
        if self.bounds != was.bounds {
            return None;
        }
        let pairs = self.buckets.iter().zip(&was.buckets);
        let buckets = pairs.map(|(now, was)| now.checked_sub(*was)).collect::<Option<_>>()?;
        // The sum is approximate (`Durations::sum_ms`), and could fall by a rounding.
        let sum = (self.sum - was.sum).max(0.0);
        Some(Self { bounds: self.bounds.clone(), buckets, sum })
    }
}

// === impl WindowError ===

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counters went away between the two readings: ")?;
        for (index, (pod, trouble)) in self.pods.iter().take(NAMED_PODS).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let what = match trouble {
                Trouble::Restarted => "restarted",
                Trouble::Vanished => "vanished",
            };
            write!(f, "{separator}{pod} {what}")?;
        }
        match self.pods.len().saturating_sub(NAMED_PODS) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl std::error::Error for WindowError {}

/// Adds up by a key.
pub(super) fn tally<K: Ord>(pairs: impl IntoIterator<Item = (K, u64)>) -> BTreeMap<K, u64> {
    let mut sums = BTreeMap::new();
    for (key, count) in pairs {
        // Bounded by pods × 2^53, which is far from u64's end.
        *sums.entry(key).or_insert(0) += count;
    }
    sums
}
