//! Questions about how long requests took. Pure.

use crate::telemetry::filter::{Filter, Fit};
use crate::telemetry::histogram::Histogram;
use crate::telemetry::requests::Doubtful;
use crate::telemetry::window::Window;

/// How long requests took, as the proxies' histograms have it.
///
/// Where `Requests::total` of the same filter is above 0 and `count` is 0, the requests were not
/// timed: `istio_request_duration_milliseconds` can be turned off, and nothing can be said then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Durations {
    /// Limits between buckets in milliseconds, ascending. Series with different limits are merged
    /// on those they share.
    pub bounds_ms: Vec<f64>,
    /// Requests per bucket; one more than limits, the last is what lies above them all.
    pub buckets: Vec<u64>,
    /// All durations added up, in milliseconds. Envoy sums the middles of its fine bins (two
    /// significant digits), so this is good to about 1% for durations near 5 s and 5% near 1 s.
    pub sum_ms: f64,
    /// How many requests. Proxies merge histograms up to 5 s later than counters: until this equals
    /// `Requests::total` of the same filter, some durations are still to come.
    pub count: u64,
    /// As [`Requests::lacks`](super::Requests::lacks).
    pub lacks: Option<&'static str>,
}

// === impl Window ===

impl Window {
    /// How long the requests took that ended in the window.
    #[must_use]
    pub fn durations(&self, filter: &Filter) -> Durations {
        let mut merged: Option<Durations> = None;
        let mut doubtful = Doubtful::default();
        for (labels, histograms) in &self.durations {
            let fit = filter.fit(labels);
            for histogram in histograms {
                doubtful.take(fit, histogram.count());
                if fit == Fit::Yes {
                    let next = Durations::of(histogram);
                    merged = Some(match merged {
                        Some(so_far) => so_far.merged(&next),
                        None => next,
                    });
                }
            }
        }
        Durations { lacks: doubtful.lacks, ..merged.unwrap_or_default() }
    }
}

// === impl Durations ===

impl Durations {
    fn of(histogram: &Histogram) -> Self {
        Self {
            bounds_ms: histogram.bounds.clone(),
            buckets: histogram.buckets.clone(),
            sum_ms: histogram.sum,
            count: histogram.count(),
            lacks: None,
        }
    }

    fn merged(&self, other: &Self) -> Self {
        let shared = |bound: &&f64| other.bounds_ms.iter().any(|b| b.total_cmp(bound).is_eq());
        let bounds_ms: Vec<f64> = self.bounds_ms.iter().filter(shared).copied().collect();
        let mut buckets = vec![0; bounds_ms.len() + 1];
        for one in [self, other] {
            for (index, count) in one.buckets.iter().enumerate() {
                // A bucket goes into the wider one that holds its upper limit.
                let into = match one.bounds_ms.get(index) {
                    Some(upper) => bounds_ms.partition_point(|bound| bound < upper),
                    None => bounds_ms.len(),
                };
                buckets[into] += count;
            }
        }
        let (sum_ms, count) = (self.sum_ms + other.sum_ms, self.count + other.count);
        Self { bounds_ms, buckets, sum_ms, count, lacks: None }
    }

    /// How many requests took from `low_ms` (included) to `high_ms` (excluded): those that did for
    /// certain, and those that may have, the certain ones included. They differ where a limit lies
    /// inside a bucket.
    ///
    /// Envoy counts in bins of two significant digits, and the bin that begins at a bucket's limit
    /// still belongs to that bucket: delays of 5,000 to 5,099 ms were seen under `le="5000"`
    /// (Envoy 1.40.0). Other builds put that bin above the limit, so it is taken for uncertain.
    #[must_use]
    pub fn share_between(&self, low_ms: f64, high_ms: f64) -> (u64, u64) {
        let (mut certain, mut possible) = (0, 0);
        for (index, count) in self.buckets.iter().enumerate() {
            let lower = index.checked_sub(1).map_or(0.0, |below| self.bounds_ms[below]);
            let upper = self.bounds_ms.get(index).map_or(f64::INFINITY, |upper| bin_end(*upper));
            if low_ms <= lower && upper <= high_ms {
                certain += count;
            }
            if low_ms < upper && lower < high_ms {
                possible += count;
            }
        }
        (certain, possible)
    }
}

/// Where the bin of two significant digits ends that begins at this limit: 5,000 → 5,100.
fn bin_end(limit: f64) -> f64 {
    if limit <= 0.0 {
        return limit;
    }
    limit + 10_f64.powf(limit.log10().floor() - 1.0)
}
