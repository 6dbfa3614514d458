//! What the proxies counted, and why it is not all there is to know, if so. Pure.

use crate::evidence::claim::{Expectation, Property, Unit};
use crate::telemetry::{Filter, Metric, Missing, TcpCounts, Window};
use crate::units::Span;
use crate::verdict::Counts;

/// One part in this many may be counted and not timed, or the other way round: durations settle
/// later than counts, and load that is not ours goes on meanwhile.
const UNTIMED_PART: u64 = 100;

impl Expectation {
    /// What the proxies counted, and why it is not all there is to know, if so.
    pub(crate) fn count_proxies(
        &self,
        filter: &Filter,
        window: &Window,
    ) -> (Counts, Option<String>) {
        let requests = window.requests(filter);
        let total = requests.total();
        let exact = |hits: Option<u64>, label: &str| match hits {
            Some(hits) => (Counts::exact(hits, total), None),
            None => {
                let short = format!("these proxies do not tell {label} of every request");
                (Counts { certain: 0, possible: total, trials: total }, Some(short))
            }
        };
        let (counts, lacks) = match &self.property {
            Property::Takes { low, high } => return timed(filter, window, *low, *high),
            Property::Fails => exact(requests.errors(), "the response_code"),
            Property::Status(status) => {
                exact(requests.with_code(&status.to_string()), "the response_code")
            }
            // Istio's code for a request that never got a response.
            Property::Unanswered => exact(requests.with_code("0"), "the response_code"),
            Property::Flagged(flag) => exact(requests.with_flag(flag), "the response_flags"),
            Property::Reaches(version) if self.unit == Unit::Requests => {
                exact(requests.to_version(version), "the destination_version")
            }
            Property::Reaches(version) => return self.count_tcp(filter, version, window),
            // `compare_sides` counts these.
            Property::Copied(_) | Property::Arrives | Property::Tried(_) => {
                (Counts::exact(0, 0), None)
            }
        };
        let lacks = lacks.or_else(|| {
            let label = requests.lacks()?;
            Some(format!("these proxies do not tell the {label} of every request"))
        });
        (counts, lacks.or_else(|| missing(window, filter, Metric::Requests)))
    }

    fn count_tcp(
        &self,
        filter: &Filter,
        version: &str,
        window: &Window,
    ) -> (Counts, Option<String>) {
        let tcp = window.tcp(filter);
        let Some(to) = tcp.to_version(version) else {
            let short = "these proxies do not tell the destination_version of every connection";
            return (Counts::exact(0, 0), Some(short.to_owned()));
        };
        let of = |counts: &TcpCounts| match self.unit {
            Unit::Bytes => counts.sent_bytes.saturating_add(counts.received_bytes),
            Unit::Requests | Unit::Connections => counts.opened,
        };
        let counts = Counts::exact(of(&to), of(&tcp.total));
        (counts, missing(window, filter, Metric::Tcp))
    }
}

/// Which part of which pod's telemetry is missing that a filter asks for, in words.
pub(crate) fn missing(window: &Window, filter: &Filter, metric: Metric) -> Option<String> {
    let missing = window.missing(filter, metric);
    (!missing.is_empty()).then(|| format!("telemetry is missing: {}", Missing::sentence(&missing)))
}

/// How long proxies saw requests take, and why that is not all there is to know, if so.
pub(crate) fn timed(
    filter: &Filter,
    window: &Window,
    low: Option<Span>,
    high: Option<Span>,
) -> (Counts, Option<String>) {
    let counted = window.requests(filter).total();
    let durations = window.durations(filter);
    let low = low.map_or(f64::NEG_INFINITY, Span::milliseconds);
    let high = high.map_or(f64::INFINITY, Span::milliseconds);
    let (certain, possible) = durations.share_between(low, high);
    let counts = Counts { certain, possible, trials: durations.count };
    let short = missing(window, filter, Metric::Durations).or_else(|| {
        if durations.count == 0 && counted > 0 {
            return Some(format!("these proxies counted {counted} requests and timed none"));
        }
        let tolerated = counted.max(durations.count) / UNTIMED_PART;
        (counted.abs_diff(durations.count) > tolerated).then(|| {
            format!("these proxies counted {counted} requests and timed {}", durations.count)
        })
    });
    (counts, short)
}

#[cfg(test)]
mod tests {
    use crate::evidence::count::both_sides::tried;
    use crate::evidence::count::client::between;
    use crate::load::Tally;
    use std::time::Duration;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_late_generator_decides_nothing_about_latency() {
        let mut tally = Tally::default();
        let due = Instant::now();
        let after = |ms| due + Duration::from_millis(ms);
        // In time and slow; late and, from when it was due, slow; quick.
        for (sent, ended) in [(0, 1_000), (100, 1_050), (0, 500)] {
            tally.latency.ok.record(after(ended) - due);
            tally.service.ok.record(after(ended) - after(sent));
            tally.done += 1;
        }
        let span = |text: &str| Some(text.parse::<Span>().unwrap());
        let slow = Counts { certain: 1, possible: 2, trials: 3 };
        let quick = Counts { certain: 1, possible: 2, trials: 3 };
        assert_eq!(between(&tally, span("960ms"), None), slow);
        assert_eq!(between(&tally, None, span("960ms")), quick);
        assert_eq!(between(&tally, span("400ms"), span("2s")), Counts::exact(3, 3));
        assert_eq!(between(&tally, None, None), Counts::exact(3, 3));
    }

    #[test]
    fn tries_are_counted_from_the_sums() {
        assert_eq!(tried(3, 100, 300), Counts::exact(100, 100));
        assert_eq!(tried(1, 100, 100), Counts::exact(100, 100));
        // One request was tried once less, or some request once more: not all of them fit.
        for (times, arrived) in [(3, 299), (3, 301), (1, 99), (1, 101), (3, 100), (2, 0)] {
            let counts = tried(times, 100, arrived);
            assert!(counts.is_consistent(), "{times} {arrived}: {counts:?}");
            assert!(counts.possible < 100, "{times} {arrived}: {counts:?}");
        }
    }
}
