//! How long requests took: an HDR histogram in microseconds that travels as plain JSON.
//!
//! On the wire it is the list of its non-empty buckets, `[[value, count], …]`, rather than the
//! compressed binary form in base64: a person can read it, it needs neither base64 nor a binary
//! decoder for untrusted input, and a stream of steady latency has a few hundred buckets.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Three significant digits: a bucket at 5 s is 4 ms wide, far below what any claim tells apart.
const DIGITS: u8 = 3;

/// The longest latency told apart, 10 minutes: the longest timeout a request may have. What took
/// longer counts as 10 minutes.
const MAX_US: u64 = 600_000_000;

/// Buckets a histogram of three digits up to `MAX_US` can have at most, with room to spare.
const BUCKETS_MAX: usize = 32_768;

/// A distribution of durations at a resolution of three digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Latencies(Histogram<u64>);

// === impl Latencies ===

impl Latencies {
    /// An empty distribution.
    ///
    /// # Panics
    ///
    /// Never: the number of digits is a constant that the crate accepts.
    #[must_use]
    pub fn new() -> Self {
        // It grows with what is recorded: most streams never see a second.
        Self(Histogram::new(DIGITS).expect("three digits are within the crate's 0 to 5"))
    }

    /// Adds one duration.
    pub fn record(&mut self, duration: Duration) {
        self.record_n(u64::try_from(duration.as_micros()).unwrap_or(MAX_US), 1);
    }

    fn record_n(&mut self, us: u64, count: u64) {
        let recorded = self.0.record_n(us.min(MAX_US), count);
        debug_assert!(recorded.is_ok(), "a histogram that grows refused a value: {recorded:?}");
    }

    /// How many durations were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// How many durations lie between `low` and `high`, both inclusive. The bounds are widened to
    /// the bucket they fall in, so a duration of exactly `low` always counts.
    #[must_use]
    pub fn count_between(&self, low: Duration, high: Duration) -> u64 {
        if low > high || self.0.is_empty() {
            return 0;
        }
        // Bounds above the largest recorded value are lowered to it: the crate indexes its table
        // by them.
        let max = self.0.max();
        let us = |bound: Duration| u64::try_from(bound.as_micros()).unwrap_or(MAX_US);
        if us(low) > max {
            return 0;
        }
        self.0.count_between(us(low), us(high).min(max))
    }

    /// The smallest duration that at least the share `quantile` (0 to 1) does not exceed; `None`
    /// if nothing was recorded.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.value_at_quantile(quantile)))
    }

    /// The longest; `None` if nothing was recorded.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(self.0.max()))
    }

    /// Adds everything of another distribution.
    pub fn add(&mut self, other: &Self) {
        let added = self.0.add(&other.0);
        debug_assert!(added.is_ok(), "histograms that grow could not be added: {added:?}");
    }

    /// What was recorded since `earlier`, an older state of the same distribution; buckets that
    /// `earlier` has more of count as 0.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = Self::new();
        for step in self.0.iter_recorded() {
            let value = step.value_iterated_to();
            let before = if value <= earlier.0.high() { earlier.0.count_at(value) } else { 0 };
            difference.record_n(value, step.count_at_value().saturating_sub(before));
        }
        difference
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Latencies> for Vec<(u64, u64)> {
    fn from(latencies: Latencies) -> Self {
        let buckets = latencies.0.iter_recorded();
        buckets.map(|step| (step.value_iterated_to(), step.count_at_value())).collect()
    }
}

impl TryFrom<Vec<(u64, u64)>> for Latencies {
    type Error = String;

    /// Reads what an agent sent; refuses what no agent can have measured.
    fn try_from(buckets: Vec<(u64, u64)>) -> Result<Self, String> {
        if buckets.len() > BUCKETS_MAX {
            return Err(format!("{} buckets are more than {BUCKETS_MAX}", buckets.len()));
        }
        let mut latencies = Self::new();
        let mut total: u64 = 0;
        for (value, count) in buckets {
            total = total.checked_add(count).ok_or("the counts overflow")?;
            latencies.record_n(value, count);
        }
        Ok(latencies)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn of(durations: &[Duration]) -> Latencies {
        let mut latencies = Latencies::new();
        for duration in durations {
            latencies.record(*duration);
        }
        latencies
    }

    #[test]
    fn shares_are_counted_exactly_at_three_digits() {
        let latencies = of(&[ms(1), ms(100), ms(4_500), ms(5_000), ms(5_299), ms(5_400)]);
        assert_eq!(latencies.count_between(ms(5_000), ms(5_300)), 2);
        assert_eq!(latencies.count_between(ms(0), ms(4_900)), 3);
        assert_eq!(latencies.count_between(ms(0), ms(3_600_000)), 6);
        assert_eq!(latencies.count_between(ms(6_000), ms(7_000)), 0);
        assert_eq!(latencies.count_between(ms(5_300), ms(5_000)), 0);
        assert_eq!(Latencies::new().count_between(ms(0), ms(1)), 0);
        assert_eq!(Latencies::new().quantile(0.5), None);
    }

    #[test]
    fn what_no_agent_can_have_measured_is_refused_or_bounded() {
        assert!(serde_json::from_str::<Latencies>("[[1,18446744073709551615],[2,1]]").is_err());
        assert!(Latencies::try_from(vec![(1, 1); BUCKETS_MAX + 1]).is_err());
        let longest: Latencies = serde_json::from_str("[[18446744073709551615,3]]").unwrap();
        assert_eq!(longest.count_between(ms(590_000), Duration::MAX), 3);
    }

    proptest! {
        #[test]
        fn the_wire_keeps_everything(us in prop::collection::vec(0_u64..700_000_000, 0..200)) {
            let latencies = of(&us.iter().copied().map(Duration::from_micros).collect::<Vec<_>>());
            let json = serde_json::to_string(&latencies).unwrap();
            let read: Latencies = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read.count(), us.len() as u64);
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
            prop_assert_eq!(read.quantile(0.95), latencies.quantile(0.95));
        }

        #[test]
        fn sums_and_differences_undo_each_other(
            a in prop::collection::vec(0_u64..700_000_000, 0..50),
            b in prop::collection::vec(0_u64..700_000_000, 0..50),
        ) {
            let micros = |us: &[u64]| {
                of(&us.iter().copied().map(Duration::from_micros).collect::<Vec<_>>())
            };
            let (a, b) = (micros(&a), micros(&b));
            let mut sum = a.clone();
            sum.add(&b);
            let pairs = Vec::<(u64, u64)>::from;
            prop_assert_eq!(pairs(sum.since(&a)), pairs(b));
        }

        #[test]
        fn a_duration_lies_within_bounds_that_enclose_it(
            us in 0_u64..600_000_000,
            low in 0_u64..9,
            high in 0_u64..9,
        ) {
            let at = Duration::from_micros(us);
            let low = at.saturating_sub(Duration::from_micros(low));
            let high = at + Duration::from_micros(high);
            prop_assert_eq!(of(&[at]).count_between(low, high), 1);
        }
    }
}
