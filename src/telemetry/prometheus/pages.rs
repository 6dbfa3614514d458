//! What each pod's page said at its last scrape. A pod may be scraped at two ports that tell the
//! same (pilot-agent's merged page and Envoy's own): of each series the newest sample is taken, and
//! nothing is ever added up. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use exposition::{Labels, Sample};

use super::answer::Samples;
use super::targets::Targets;
use crate::telemetry::page::{Page, is_envoys};
use crate::telemetry::pod_name::PodName;

/// The name that Prometheus keeps among the labels.
const METRIC: &str = "__name__";

/// A pod's page as it was scraped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scraped {
    pub(crate) page: Page,
    /// When what its Envoy said was scraped last; `None` if nothing of it was.
    pub(crate) at: Option<f64>,
}

/// The pages of all pods of which there is anything.
pub(crate) fn pages(targets: &Targets, samples: Samples) -> BTreeMap<PodName, Scraped> {
    let mut pods: BTreeMap<PodName, Pod> = BTreeMap::new();
    for mut sample in samples.all {
        let name = sample.labels.remove(METRIC).unwrap_or_default();
        // What no target of a pod told is told of it by somebody else.
        let Some((pod, target)) = targets.owner(&sample.labels) else { continue };
        // A map has each name once.
        let Some(labels) = Labels::new(target.own(sample.labels)) else { continue };
        pods.entry(pod).or_default().take(target.scraped, name, labels, sample.value);
    }
    pods.into_iter().map(|(pod, found)| (pod, found.scraped())).collect()
}

#[derive(Default)]
struct Pod {
    /// By name and labels, when it was sampled and what it was.
    series: BTreeMap<(String, Labels), (f64, f64)>,
    at: Option<f64>,
}

// === impl Pod ===

impl Pod {
    fn take(&mut self, scraped: f64, name: String, labels: Labels, value: f64) {
        if is_envoys(&name) {
            self.at = Some(self.at.map_or(scraped, |at| at.max(scraped)));
        }
        match self.series.entry((name, labels)) {
            Entry::Vacant(place) => drop(place.insert((scraped, value))),
            Entry::Occupied(mut place) if scraped > place.get().0 => {
                place.insert((scraped, value));
            }
            Entry::Occupied(_) => {}
        }
    }

    fn scraped(self) -> Scraped {
        let sample =
            |((name, labels), (_, value)): ((String, Labels), _)| Sample { name, labels, value };
        Scraped { page: Page::of(self.series.into_iter().map(sample)), at: self.at }
    }
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
