//! Whether durations have caught up with counts. Proxies merge histograms at a flush, 5 s by
//! default, while counters are live: what was counted at one reading is timed at a later one. Pure.

use crate::telemetry::metric::Metric;
use crate::telemetry::pod_name::PodName;
use crate::telemetry::series::Amount;
use crate::telemetry::snapshot::{Reading, Snapshot};

// === impl Snapshot ===

impl Snapshot {
    /// How many requests that an earlier reading had counted are not timed yet, pod by pod; 0 for
    /// pods that time nothing at all, and for those that one of the readings lacks.
    #[must_use]
    pub fn untimed(&self, counted: &Self) -> u64 {
        let behind = |(pod, then): (&PodName, &Reading)| {
            let timed = self.pods.get(pod)?.sum(Metric::Durations);
            (timed > 0).then(|| then.sum(Metric::Requests).saturating_sub(timed))
        };
        counted.pods.iter().filter_map(behind).sum()
    }
}

// === impl Reading ===

impl Reading {
    fn sum(&self, metric: Metric) -> u64 {
        let of_metric = self.series.iter().filter(|(key, _)| Metric::of(key.metric) == metric);
        let amounts = of_metric.filter_map(|(_, amount)| amount.as_ref().ok());
        let count = |amount: &Amount| match amount {
            Amount::Count(count) => *count,
            Amount::Histogram(histogram) => histogram.count(),
        };
        amounts.map(count).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::telemetry::page::parse;

    fn page(requests: u64, timed: u64) -> Snapshot {
        let name = "istio_request_duration_milliseconds";
        let mut text = format!("istio_requests_total{{reporter=\"source\"}} {requests}\n");
        if timed > 0 {
            for line in ["_bucket{le=\"+Inf\",", "_count{", "_sum{"] {
                let _ = writeln!(text, "{name}{line}reporter=\"source\"}} {timed}");
            }
        }
        let mut snapshot = Snapshot::default();
        snapshot.insert(PodName::new("a", "b"), "1", parse(&text).unwrap());
        snapshot
    }

    #[test]
    fn durations_are_waited_for_as_far_as_there_are_any() {
        let before = page(40, 30);
        assert_eq!(before.untimed(&before), 10);
        // Others' requests go on meanwhile: what had been counted is timed.
        assert_eq!(page(50, 41).untimed(&before), 0);
        assert_eq!(page(50, 0).untimed(&before), 0);
        assert_eq!(Snapshot::default().untimed(&before), 0);
    }
}
