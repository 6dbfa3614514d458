//! Who was scraped when, and what Prometheus adds to the labels of what it scraped there. Its own
//! sample `up` has exactly a target's labels and the time of its last scrape, so a series without
//! them is the series as the pod's page had it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::Samples;
use crate::telemetry::pod_name::PodName;

/// The labels that may name a target's namespace.
pub(super) const NAMESPACE: [&str; 2] = ["namespace", "kubernetes_namespace"];

/// The labels that may name its pod.
pub(super) const POD: [&str; 3] = ["pod", "kubernetes_pod_name", "pod_name"];

/// The targets that are pods, with their labels and the time of their last scrape.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Targets(BTreeMap<PodName, Vec<Target>>);

/// A port of a pod that is scraped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    labels: BTreeMap<String, String>,
    /// In seconds of Prometheus' own clock. All samples of a scrape have its beginning as time.
    pub(super) scraped: f64,
}

/// The pods that samples are of.
pub(crate) fn pods(samples: &Samples) -> BTreeSet<PodName> {
    samples.all.iter().filter_map(|sample| pod(&sample.labels)).collect()
}

/// The pod that labels name.
pub(super) fn pod(labels: &BTreeMap<String, String>) -> Option<PodName> {
    let first = |names: &[&str]| {
        names.iter().find_map(|name| labels.get(*name).filter(|value| !value.is_empty()))
    };
    Some(PodName::new(first(&NAMESPACE)?, first(&POD)?))
}

// === impl Targets ===

impl Targets {
    /// From the answer to `Query::scraped`.
    pub(crate) fn of(samples: Samples) -> Self {
        let mut targets: BTreeMap<PodName, Vec<Target>> = BTreeMap::new();
        for sample in samples.all {
            if let Some(pod) = pod(&sample.labels).filter(|_| sample.value.is_finite()) {
                let target = Target { labels: sample.labels, scraped: sample.value };
                targets.entry(pod).or_default().push(target);
            }
        }
        Self(targets)
    }

    /// When a pod was scraped last, at whichever of its ports.
    pub(crate) fn newest(&self, pod: &PodName) -> Option<f64> {
        self.0.get(pod)?.iter().map(|target| target.scraped).max_by(f64::total_cmp)
    }

    /// Whose a series is: the pod, and the target whose labels it has all.
    pub(super) fn owner(&self, labels: &BTreeMap<String, String>) -> Option<(PodName, &Target)> {
        let pod = pod(labels)?;
        let target = self.0.get(&pod)?.iter().find(|target| target.owns(labels))?;
        Some((pod, target))
    }
}

// === impl Target ===

impl Target {
    fn owns(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }

    /// A series' labels as the page had them.
    pub(super) fn own(&self, labels: BTreeMap<String, String>) -> Vec<(String, String)> {
        labels.into_iter().filter(|(name, _)| !self.labels.contains_key(name)).collect()
    }
}
