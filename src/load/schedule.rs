//! When each request is due: pure, the same on every machine and in every run. Times are offsets
//! from the stream's start, computed from the request's index and never from the one before, so
//! nothing drifts.

use std::time::Duration;

use super::spec::Spacing;
use crate::units::Rate;

/// The due times of one stream: an iterator over offsets from its start, never decreasing, and
/// endless unless the schedule has a duration.
#[derive(Debug, Clone)]
pub struct Schedule {
    rate: f64,
    spacing: Spacing,
    /// Seconds over which the rate grows from 0 to `rate`.
    ramp: f64,
    duration: Option<Duration>,
    index: u64,
    /// How many requests a perfectly even schedule would have had before the next one.
    mass: f64,
}

// === impl Schedule ===

impl Schedule {
    /// A schedule of `rate` requests per second, reached linearly within `ramp`. It holds every
    /// request that is due before `duration`.
    #[must_use]
    pub fn new(rate: Rate, spacing: Spacing, ramp: Duration, duration: Option<Duration>) -> Self {
        let mut plan = Self {
            rate: rate.get(),
            spacing,
            ramp: ramp.as_secs_f64(),
            duration,
            index: 0,
            mass: 0.0,
        };
        plan.mass = plan.mass_of(0);
        plan
    }

    /// When a schedule that grows as this one does has had `mass` requests: the inverse of
    /// `rate * t^2 / (2 * ramp)` within the ramp, and of `rate * (t - ramp / 2)` after it.
    fn due(&self, mass: f64) -> Duration {
        let within_ramp = self.rate * self.ramp / 2.0;
        let seconds = if mass < within_ramp {
            (2.0 * self.ramp * mass / self.rate).sqrt()
        } else {
            self.ramp / 2.0 + mass / self.rate
        };
        // Far beyond any duration a stream may have; saturating keeps the iterator total.
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// The mass before request `index`: its index if the spacing is even; the sum of unit
    /// exponential gaps so far for a Poisson process, which the rate then stretches.
    fn mass_of(&self, index: u64) -> f64 {
        match self.spacing {
            Spacing::Even => index as f64,
            Spacing::Staggered { phase } => index as f64 + phase,
            Spacing::Poisson { seed } => self.mass - (1.0 - uniform(seed, index)).ln(),
        }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = self.due(self.mass);
        if self.duration.is_some_and(|duration| due >= duration) {
            return None;
        }
        self.index += 1;
        self.mass = self.mass_of(self.index);
        Some(due)
    }
}

/// A number in [0, 1) that depends on nothing but the seed and the index: `SplitMix64` (Steele, Lea
/// and Flood, OOPSLA 2014) read at one position. Its own few lines, because a generator from a
/// crate may change between versions and a recorded seed must keep its meaning.
fn uniform(seed: u64, index: u64) -> f64 {
    const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(GOLDEN_GAMMA));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    // The upper 53 bits: as many as a double holds exactly.
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(rate: f64, spacing: Spacing, ramp_ms: u64, duration_ms: u64) -> Vec<Duration> {
        let rate = Rate::per_second(rate).unwrap();
        let ms = Duration::from_millis;
        Schedule::new(rate, spacing, ms(ramp_ms), Some(ms(duration_ms))).collect()
    }

    #[test]
    fn even_requests_are_due_at_index_over_rate() {
        let due = plan(1000.0, Spacing::Even, 0, 10_000);
        assert_eq!(due.len(), 10_000);
        assert_eq!(due[0], Duration::ZERO);
        assert_eq!(due[1], Duration::from_millis(1));
        assert_eq!(due[9_999], Duration::from_millis(9_999));
        // 0.3/s has no exact binary form; the request due at 10 s is still not before 10 s.
        assert_eq!(plan(0.3, Spacing::Even, 0, 10_000).len(), 3);
    }

    #[test]
    fn a_ramp_sends_half_of_what_the_full_rate_would() {
        let due = plan(100.0, Spacing::Even, 10_000, 20_000);
        let during = due.iter().filter(|due| **due < Duration::from_secs(10)).count();
        assert_eq!(during, 500);
        assert_eq!(due.len(), 1_500);
        // In the first tenth of the ramp a hundredth of its requests: 100/s * 1 s * 1 s / 20 s.
        assert_eq!(due.iter().filter(|due| **due < Duration::from_secs(1)).count(), 5);
    }

    #[test]
    fn poisson_gaps_have_the_mean_and_the_spread_of_an_exponential() {
        let due = plan(1000.0, Spacing::Poisson { seed: 7 }, 0, 100_000);
        let gaps: Vec<f64> = due
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]).as_secs_f64() * 1000.0)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // 100,000 gaps: an exponential's mean is known to 0.3%, its variance to 0.9% (1 sigma).
        assert!((0.98..1.02).contains(&mean), "{mean}");
        assert!((0.95..1.05).contains(&variance), "{variance}");
    }

    #[test]
    fn a_seed_fixes_the_plan() {
        let of = |seed| plan(50.0, Spacing::Poisson { seed }, 500, 2_000);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    proptest! {
        #[test]
        fn due_times_never_go_back_and_end_before_the_duration(
            rate in 0.1_f64..5_000.0, ramp_ms in 0_u64..3_000, duration_ms in 1_u64..3_000,
            seed: Option<u64>,
        ) {
            let spacing = seed.map_or(Spacing::Even, |seed| Spacing::Poisson { seed });
            let due = plan(rate, spacing, ramp_ms, duration_ms);
            prop_assert!(due.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(due.iter().all(|due| *due < Duration::from_millis(duration_ms)));
            if spacing == Spacing::Even && ramp_ms == 0 {
                let exact = rate * duration_ms as f64 / 1000.0;
                prop_assert!((due.len() as f64 - exact.ceil()).abs() <= 1.0);
            }
        }
    }
}
