//! What several pods' proxies had counted at one moment: Istio's standard counters and the request
//! durations. Pure.

use std::collections::BTreeMap;
use std::fmt;

use super::exposition::{Labels, Sample};

/// Counters larger than this are no longer whole numbers in the text format's floats.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

pub(super) const REQUESTS: &str = "istio_requests_total";
const DURATIONS: &str = "istio_request_duration_milliseconds";
pub(super) const TCP_OPENED: &str = "istio_tcp_connections_opened_total";
pub(super) const TCP_CLOSED: &str = "istio_tcp_connections_closed_total";
pub(super) const TCP_SENT: &str = "istio_tcp_sent_bytes_total";
pub(super) const TCP_RECEIVED: &str = "istio_tcp_received_bytes_total";

const COUNTERS: [&str; 5] = [REQUESTS, TCP_OPENED, TCP_CLOSED, TCP_SENT, TCP_RECEIVED];

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What several pods had counted at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    pub(super) pods: BTreeMap<PodName, PodCounts>,
}

/// What one pod had counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct PodCounts {
    /// Which life of the pod this was; empty if unknown.
    pub(super) incarnation: String,
    /// By metric and labels.
    pub(super) counters: BTreeMap<(&'static str, Labels), u64>,
    /// By labels, without `le`.
    pub(super) durations: BTreeMap<Labels, Histogram>,
}

/// A histogram; bucket i holds what lies between `bounds[i - 1]` (or 0) and `bounds[i]`, the last
/// one what lies above.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    pub(super) bounds: Vec<f64>,
    /// One more than bounds.
    pub(super) buckets: Vec<u64>,
    pub(super) sum: f64,
}

/// A page that says something counters cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pod} serves telemetry that cannot be: {metric} {wrong}")]
pub struct SnapshotError {
    /// Whose page.
    pub pod: PodName,
    /// Which metric.
    pub metric: &'static str,
    /// What is wrong with it.
    wrong: &'static str,
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

// === impl Snapshot ===

impl Snapshot {
    /// Adds (or replaces) a pod's page. `incarnation` tells a pod's lives apart, so that a restart
    /// is known even when the new counters have outgrown the old ones: the pod's uid with its
    /// proxy's restart count; empty if unknown. Metrics other than Istio's are passed over.
    pub fn insert(
        &mut self,
        pod: PodName,
        incarnation: impl Into<String>,
        samples: Vec<Sample>,
    ) -> Result<(), SnapshotError> {
        let counts = PodCounts::new(incarnation.into(), samples)
            .map_err(|(metric, wrong)| SnapshotError { pod: pod.clone(), metric, wrong })?;
        self.pods.insert(pod, counts);
        Ok(())
    }

    /// The pods in it, in order.
    pub fn pods(&self) -> impl Iterator<Item = &PodName> {
        self.pods.keys()
    }
}

// === impl PodCounts ===

type Wrong = (&'static str, &'static str);

/// A histogram as its lines come.
#[derive(Default)]
struct Lines {
    cumulative: Vec<(f64, u64)>,
    sum: Option<f64>,
    count: Option<u64>,
}

impl PodCounts {
    fn new(incarnation: String, samples: Vec<Sample>) -> Result<Self, Wrong> {
        let mut counters = BTreeMap::new();
        let mut lines: BTreeMap<Labels, Lines> = BTreeMap::new();
        for Sample { name, mut labels, value, timestamp_ms: _ } in samples {
            if let Some(metric) = COUNTERS.into_iter().find(|known| *known == name) {
                let earlier = counters.insert((metric, labels), count(metric, value)?);
                once(metric, earlier.as_ref())?;
            } else if let Some(part) = name.strip_prefix(DURATIONS) {
                let bound = labels.take("le");
                let lines = lines.entry(labels).or_default();
                match (part, bound) {
                    ("_bucket", Some(bound)) => {
                        let bound = bound.parse().map_err(|_| (DURATIONS, "has a bad `le`"))?;
                        lines.cumulative.push((bound, count(DURATIONS, value)?));
                    }
                    ("_sum", None) => once(DURATIONS, lines.sum.replace(value).as_ref())?,
                    ("_count", None) => {
                        let value = count(DURATIONS, value)?;
                        once(DURATIONS, lines.count.replace(value).as_ref())?;
                    }
                    _ => return Err((DURATIONS, "is not a histogram")),
                }
            }
        }
        let histogram = |(labels, lines): (_, Lines)| Ok((labels, lines.histogram()?));
        let durations = lines.into_iter().map(histogram).collect::<Result<_, Wrong>>()?;
        Ok(Self { incarnation, counters, durations })
    }
}

impl Lines {
    fn histogram(mut self) -> Result<Histogram, Wrong> {
        let wrong = |what| (DURATIONS, what);
        let count = self.count.ok_or(wrong("has no _count"))?;
        let sum = self.sum.ok_or(wrong("has no _sum"))?;
        if !sum.is_finite() || sum < 0.0 {
            return Err(wrong("has a _sum that is no duration"));
        }
        if self.cumulative.iter().any(|(bound, _)| bound.is_nan() || *bound < 0.0) {
            return Err(wrong("has a bad `le`"));
        }
        self.cumulative.sort_by(|a, b| a.0.total_cmp(&b.0));
        if self.cumulative.last().is_none_or(|last| last.0.is_finite()) {
            self.cumulative.push((f64::INFINITY, count));
        }
        if self.cumulative.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(wrong("has a bucket twice"));
        }
        let mut below = 0;
        let mut buckets = Vec::with_capacity(self.cumulative.len());
        for (_, cumulative) in &self.cumulative {
            let inside = cumulative.checked_sub(below).ok_or(wrong("has buckets that shrink"))?;
            buckets.push(inside);
            below = *cumulative;
        }
        if below != count {
            return Err(wrong("has buckets that do not add up to its _count"));
        }
        self.cumulative.pop();
        let bounds = self.cumulative.into_iter().map(|(bound, _)| bound).collect();
        Ok(Histogram { bounds, buckets, sum })
    }
}

fn once<T>(metric: &'static str, earlier: Option<&T>) -> Result<(), Wrong> {
    earlier.map_or(Ok(()), |_| Err((metric, "has a series twice")))
}

fn count(metric: &'static str, value: f64) -> Result<u64, Wrong> {
    if !(0.0..=MAX_COUNT).contains(&value) || value.fract() != 0.0 {
        return Err((metric, "is not a whole number"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within 0 and 2^53, as was just checked"
    )]
    Ok(value as u64)
}

#[cfg(test)]
mod tests {
    use super::super::exposition::parse;
    use super::*;

    fn error(page: &str) -> String {
        let samples = parse(page).unwrap();
        let pod = PodName::new("travel-agency", "hotels-v1-0");
        Snapshot::default().insert(pod, "", samples).unwrap_err().to_string()
    }

    #[test]
    fn what_counters_cannot_say_is_refused() {
        for (page, expected) in [
            ("istio_requests_total{a=\"1\"} 1\nistio_requests_total{a=\"1\"} 2\n", "twice"),
            ("istio_requests_total -1\n", "whole number"),
            ("istio_requests_total 1.5\n", "whole number"),
            ("istio_requests_total NaN\n", "whole number"),
            ("istio_requests_total +Inf\n", "whole number"),
            ("istio_request_duration_milliseconds 1\n", "not a histogram"),
            ("istio_request_duration_milliseconds_count 1\n", "no _sum"),
            ("istio_request_duration_milliseconds_sum 1\n", "no _count"),
        ] {
            let error = error(page);
            assert!(error.contains(expected), "{page}: {error}");
            assert!(error.starts_with("travel-agency/hotels-v1-0 serves telemetry"), "{error}");
        }
        let histogram = |buckets: &str| {
            let name = "istio_request_duration_milliseconds";
            error(
                &format!("{buckets}{name}_sum 9\n{name}_count 3\n")
                    .replace("B{", &format!("{name}_bucket{{")),
            )
        };
        assert!(histogram("B{le=\"1\"} 2\nB{le=\"5\"} 1\n").contains("shrink"));
        assert!(histogram("B{le=\"1\"} 2\nB{le=\"1\"} 2\n").contains("bucket twice"));
        assert!(histogram("B{le=\"+Inf\"} 4\n").contains("add up"));
        assert!(histogram("B{le=\"one\"} 4\n").contains("bad `le`"));
        assert!(histogram("B{} 4\n").contains("not a histogram"));
    }
}
