//! Confidence sequences for a proportion: intervals that hold at every sample size at once, so that
//! a test may look after each request and stop when it likes. Pure.
//!
//! **Method.** For hits h among n trials and a supposed share p, the beta-binomial mixture
//!
//! ```text
//! M_n(p) = B(h + 1/2, n - h + 1/2) / B(1/2, 1/2) / (p^h (1 - p)^(n - h))
//! ```
//!
//! is a non-negative martingale of mean 1 when p is the true share (it is a likelihood ratio of a
//! mixture against p). By Ville's inequality it ever reaches 1/alpha with probability at most
//! alpha. The interval holds all p with `M_n(p)` < 1/alpha; hence the true share is outside of it
//! *at any time* with probability at most alpha. `ln M_n` is convex in p with its minimum at h/n,
//! so that the set is an interval and each end is found by bisection. The mixing weights are
//! Jeffreys' Beta(1/2, 1/2), which lose at most about half a ln n to the best p everywhere, and
//! little at the ends 0 and 1, where claims such as "all requests" live.
//!
//! **Sources.** J. Ville, Étude critique de la notion de collectif, 1939; H. Robbins, Statistical
//! methods related to the law of the iterated logarithm, Ann. Math. Statist. 41, 1970; S. R.
//! Howard, A. Ramdas, J. `McAuliffe`, J. Sekhon, Time-uniform, nonparametric, nonasymptotic
//! confidence sequences, Ann. Statist. 49, 2021; I. Waudby-Smith, A. Ramdas, Estimating means of
//! bounded random variables by betting, J. R. Stat. Soc. B 86, 2024; R. Krichevsky, V. Trofimov,
//! The performance of universal encoding, IEEE Trans. Inf. Theory 27, 1981 (the weights).

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use crate::units::{Percent, UnitError};

/// Halvings per end of an interval. 64 shrink the search below the resolution of an `f64`.
pub(crate) const HALVINGS: u32 = 64;

/// From here on Stirling's series (three terms) is exact to 1e-11; below, a few steps lead there.
const STIRLING_FROM: f64 = 16.0;

/// How sure a verdict has to be; one minus the error rate. From 50% to 99.9999%.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(Percent);

/// Shares from `low` to `high`, as fractions of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Where the true share lies, given `hits` among `trials`: at every number of trials at once, with
/// the given confidence. More hits than trials cannot be; they tell nothing.
///
/// Ends are rounded outwards. The arithmetic is good to 1e-4 in ln M for up to 10^12 trials.
#[must_use]
pub fn interval(hits: u64, trials: u64, confidence: Confidence) -> Interval {
    if trials == 0 || hits > trials {
        return Interval::ANYTHING;
    }
    let threshold = confidence.threshold();
    let low = lower_end(hits as f64, trials as f64, threshold);
    let high = 1.0 - lower_end((trials - hits) as f64, trials as f64, threshold);
    Interval { low, high }
}

/// Whether the share of hits is known to be above `share`. Counts need not be whole: the mixture is
/// a likelihood ratio for any power of the likelihood.
pub(crate) fn above(hits: f64, trials: f64, share: f64, threshold: f64) -> bool {
    if hits <= share * trials {
        return false;
    }
    if share <= 0.0 {
        return true;
    }
    let divergence = divergence(hits, trials, share);
    // The mixture is below its best part: most calls end here.
    divergence >= threshold && divergence + ln_mixture_at_estimate(hits, trials) >= threshold
}

/// The largest share below hits/trials that is known to be too low (0 if none is).
pub(crate) fn lower_end(hits: f64, trials: f64, threshold: f64) -> f64 {
    if hits <= 0.0 {
        return 0.0;
    }
    let estimate = hits / trials;
    let regret = ln_mixture_at_estimate(hits, trials);
    let (mut refuted, mut possible) = (0.0, estimate);
    for _ in 0..HALVINGS {
        let share = f64::midpoint(refuted, possible);
        if divergence(hits, trials, share) + regret >= threshold {
            refuted = share;
        } else {
            possible = share;
        }
    }
    refuted
}

/// n KL(h/n || p) = ln of the likelihood at h/n over the likelihood at `share` ≤ h/n, without the
/// cancellation of subtracting two large logarithms.
pub(crate) fn divergence(hits: f64, trials: f64, share: f64) -> f64 {
    let estimate = hits / trials;
    let of_hits = hits * ((estimate - share) / share).ln_1p();
    if hits >= trials {
        return of_hits;
    }
    of_hits + (trials - hits) * ((share - estimate) / (1.0 - share)).ln_1p()
}

/// ln `M_n` at p = h/n. Its large parts (h ln h and the like) cancel on paper, so that it is exact
/// for large counts too; that is why no general `ln_gamma` is used.
fn ln_mixture_at_estimate(hits: f64, trials: f64) -> f64 {
    half_integer_rest(hits) + half_integer_rest(trials - hits) - integer_rest(trials) - PI.ln()
}

/// lnΓ(x + 1/2) - x ln x + x.
fn half_integer_rest(x: f64) -> f64 {
    if x >= STIRLING_FROM {
        return (2.0 * PI).ln() / 2.0 - 1.0 / (24.0 * x) + 7.0 / (2880.0 * x.powi(3))
            - 31.0 / (40320.0 * x.powi(5));
    }
    let next = x + 1.0;
    half_integer_rest(next) + x_ln_x(next) - 1.0 - (x + 0.5).ln() - x_ln_x(x)
}

/// lnΓ(x + 1) - x ln x + x.
fn integer_rest(x: f64) -> f64 {
    if x >= STIRLING_FROM {
        return (2.0 * PI * x).ln() / 2.0 + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
            + 1.0 / (1260.0 * x.powi(5));
    }
    let next = x + 1.0;
    integer_rest(next) + x_ln_x(next) - 1.0 - next.ln() - x_ln_x(x)
}

fn x_ln_x(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x * x.ln() }
}

// === impl Interval ===

impl Interval {
    /// Nothing is known.
    pub const ANYTHING: Self = Self { low: 0.0, high: 1.0 };

    /// Whether a share lies inside.
    #[must_use]
    pub fn contains(&self, share: f64) -> bool {
        self.low <= share && share <= self.high
    }
}

// === impl Confidence ===

impl Confidence {
    /// Below this a verdict would be worth less than a coin; above it nothing would be decided in
    /// the time of a test.
    const RANGE: std::ops::RangeInclusive<f64> = 50.0..=99.9999;

    /// From a percentage.
    pub fn new(percent: Percent) -> Result<Self, UnitError> {
        if Self::RANGE.contains(&percent.percent()) {
            Ok(Self(percent))
        } else {
            Err(UnitError::new(format!(
                "a confidence of {percent} is not between 50% and 99.9999%"
            )))
        }
    }

    /// For one of two statements that must hold together at this confidence.
    pub(crate) fn halved(self) -> Self {
        let percent = f64::midpoint(self.0.percent(), 100.0);
        Self(Percent::new(percent).unwrap_or(self.0))
    }

    /// How much evidence decides: ln 1/alpha.
    pub(crate) fn threshold(self) -> f64 {
        -self.error_rate().ln()
    }

    /// The largest probability of a wrong verdict, in each direction.
    #[must_use]
    pub fn error_rate(self) -> f64 {
        1.0 - self.0.fraction()
    }
}

impl Default for Confidence {
    /// 99.9%: one wrong verdict in a thousand claims.
    fn default() -> Self {
        Self(Percent::new(99.9).expect("99.9 lies between 0 and 100"))
    }
}

impl FromStr for Confidence {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::new(text.parse()?)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of the trials is a count"
    )]
    fn part_of(trials: u64, part: f64) -> u64 {
        (part * trials as f64) as u64
    }

    fn at(hits: u64, trials: u64) -> Interval {
        interval(hits, trials, Confidence::default())
    }

    /// ln M straight from its definition as a product of predictions: after h hits in n trials the
    /// next is a hit with (h + 1/2) / (n + 1). Another road to the same number.
    fn ln_mixture_by_prediction(hits: u64, trials: u64, share: f64) -> f64 {
        let mut ln = 0.0;
        for hit in 0..hits {
            ln += ((hit as f64 + 0.5) / (hit as f64 + 1.0)).ln();
        }
        for miss in 0..trials - hits {
            ln += ((miss as f64 + 0.5) / ((hits + miss) as f64 + 1.0)).ln();
        }
        ln - hits as f64 * share.ln() - (trials - hits) as f64 * (1.0 - share).ln()
    }

    #[test]
    fn both_ends_are_where_the_martingale_reaches_its_limit() {
        let limit = 1000f64.ln();
        for (hits, trials) in
            [(1, 1), (1, 2), (7, 9), (15, 31), (16, 33), (80, 100), (1055, 1312), (3, 4000)]
        {
            let Interval { low, high } = at(hits, trials);
            let below = ln_mixture_by_prediction(hits, trials, low);
            assert!((below - limit).abs() < 1e-6, "{hits}/{trials}: {below}");
            if hits < trials {
                let above = ln_mixture_by_prediction(hits, trials, high);
                assert!((above - limit).abs() < 1e-6, "{hits}/{trials}: {above}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_scale() {
        assert_eq!(at(0, 0), Interval::ANYTHING);
        assert_eq!(at(5, 4), Interval::ANYTHING);
        assert_eq!(at(0, 50).low.to_bits(), 0f64.to_bits());
        assert_eq!(at(50, 50).high.to_bits(), 1f64.to_bits());
        let huge = at(u64::MAX / 2, u64::MAX);
        assert!(huge.contains(0.5) && huge.high - huge.low < 1e-6, "{huge:?}");
    }

    #[test]
    fn confidence_is_read_and_refused() {
        assert_eq!("99.9%".parse::<Confidence>().unwrap(), Confidence::default());
        assert_eq!("95%".parse::<Confidence>().unwrap().to_string(), "95%");
        for word in ["100%", "0%", "49.9%", "-1%", "NaN%", "sure", "", "99.99999%"] {
            assert!(word.parse::<Confidence>().is_err(), "{word}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate(trials in 1u64..1_000_000_000, part in 0.0..=1.0f64) {
            let hits = part_of(trials, part);
            let Interval { low, high } = at(hits, trials);
            let estimate = hits as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= estimate && estimate <= high && high <= 1.0);
        }

        #[test]
        fn more_hits_never_lower_an_end(trials in 1u64..5000, part in 0.0..1.0f64) {
            let hits = part_of(trials, part);
            let (fewer, more) = (at(hits, trials), at(hits + 1, trials));
            prop_assert!(fewer.low <= more.low && fewer.high <= more.high);
        }

        #[test]
        fn more_confidence_is_never_narrower(
            trials in 1u64..100_000, part in 0.0..=1.0f64, a in 50.0..99.9f64, b in 50.0..99.9f64,
        ) {
            let hits = part_of(trials, part);
            let of = |percent| Confidence::new(Percent::new(percent).unwrap()).unwrap();
            let narrow = interval(hits, trials, of(a.min(b)));
            let wide = interval(hits, trials, of(a.max(b)));
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        }

        #[test]
        fn the_same_share_of_more_trials_is_known_better(
            trials in 1u64..2000, part in 0.0..=1.0f64, times in 2u64..50,
        ) {
            let hits = part_of(trials, part);
            let (few, many) = (at(hits, trials), at(hits * times, trials * times));
            prop_assert!(few.low <= many.low && many.high <= few.high);
        }

        #[test]
        fn hits_and_misses_mirror_each_other(trials in 1u64..100_000, part in 0.0..=1.0f64) {
            let hits = part_of(trials, part);
            let (a, b) = (at(hits, trials), at(trials - hits, trials));
            prop_assert!((a.low - (1.0 - b.high)).abs() < 1e-12);
            prop_assert!((a.high - (1.0 - b.low)).abs() < 1e-12);
        }
    }
}
