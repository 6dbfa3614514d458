//! Claims that two shares are alike: the share of fast answers of one version and of another. Each
//! share has its own confidence sequence at half the error rate, so that both hold together at the
//! stated one (the union bound), whenever they are looked at. Each side counts for what its own
//! bursts leave of it (see `trials`). Pure.

use crate::units::Percent;
use crate::verdict::confidence_sequence::{Confidence, Interval};
use crate::verdict::counts::Counts;
use crate::verdict::decision::Decision;
use crate::verdict::judge::measured;
use crate::verdict::numbers::counted;
use crate::verdict::trials::Trials;

/// A decision about the difference of two shares with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// How far the evidence goes.
    pub decision: Decision,
    /// The claim: the shares differ by at most this.
    pub most: Percent,
    /// The evidence of both sides.
    pub counts: [Counts; 2],
    /// From the smallest to the largest difference that is possible, as fractions of one.
    pub interval: Interval,
    /// How sure the interval is.
    pub confidence: Confidence,
    /// How many trials counted as one on each side; see `Verdict::design_effect`.
    pub design_effects: [f64; 2],
}

/// Judges whether two shares differ by at most `most`, in either direction.
#[must_use]
pub fn judge_difference(most: Percent, sides: [&Trials; 2], confidence: Confidence) -> Difference {
    let half = confidence.halved();
    let counts = sides.map(Trials::total);
    let design_effects = sides.map(|side| side.design_effect(half));
    let [one, other] = [0, 1].map(|side| measured(counts[side], design_effects[side], half));
    let interval = Interval {
        low: (one.low - other.high).max(other.low - one.high).max(0.0),
        high: (one.high - other.low).max(other.high - one.low),
    };
    let known = counts.iter().all(|counts| counts.is_consistent() && counts.trials > 0);
    let decision = if known && interval.low > most.fraction() {
        Decision::Violated
    } else if known && interval.high <= most.fraction() {
        Decision::Met
    } else {
        Decision::Undecided
    };
    Difference { decision, most, counts, interval, confidence, design_effects }
}

// === impl Difference ===

impl Difference {
    /// The numbers, e.g. `96.2% of 412 requests failed and 97.0% of 398 requests failed (99.9%:
    /// 0.0-4.1% apart), at most 15% allowed`.
    #[must_use]
    pub fn numbers(&self, what: &str) -> String {
        let side = |counts: Counts| {
            let trials = counted(counts.trials, what);
            if counts.trials == 0 {
                return format!("no {what}");
            }
            let share = counts.certain as f64 / counts.trials as f64 * 100.0;
            format!("{share:.1}% of {trials}")
        };
        let [one, other] = self.counts.map(side);
        let (low, high) = (self.interval.low * 100.0, self.interval.high * 100.0);
        let (low, high) = ((low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0);
        let Self { confidence, most, .. } = self;
        format!(
            "{one} and {other} ({confidence}: {low:.1}-{high:.1}% apart), at most {most} allowed"
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percent(percent: f64) -> Percent {
        Percent::new(percent).unwrap()
    }

    fn judged(most: f64, one: (u64, u64), other: (u64, u64)) -> Difference {
        let [one, other] = [one, other].map(|(hits, n)| Trials::from(Counts::exact(hits, n)));
        judge_difference(percent(most), [&one, &other], Confidence::default())
    }

    #[test]
    fn likeness_is_decided_in_both_directions() {
        assert_eq!(judged(10.0, (200, 200), (210, 210)).decision, Decision::Met);
        assert_eq!(judged(10.0, (200, 200), (20, 200)).decision, Decision::Violated);
        assert_eq!(judged(10.0, (20, 200), (200, 200)).decision, Decision::Violated);
        assert_eq!(judged(10.0, (9, 10), (10, 10)).decision, Decision::Undecided);
        assert_eq!(judged(10.0, (0, 0), (200, 200)).decision, Decision::Undecided);
        assert_eq!(judged(100.0, (0, 0), (0, 0)).decision, Decision::Undecided);
        assert_eq!(judged(10.0, (5, 4), (200, 200)).decision, Decision::Undecided);
    }

    #[test]
    fn a_side_that_comes_in_bursts_counts_for_less() {
        // The same shares of the same number: one miss in ten, or a block of misses after nine of
        // hits.
        let spread: Trials = (0..100).map(|_| Counts::exact(9, 10)).collect();
        let bursty: Trials =
            (0..100).map(|block| Counts::exact(if block % 10 == 0 { 0 } else { 10 }, 10)).collect();
        let judged =
            |one, other| judge_difference(percent(12.0), [one, other], Confidence::default());
        assert_eq!(judged(&spread, &spread).decision, Decision::Met);
        let careful = judged(&spread, &bursty);
        assert_eq!(careful.decision, Decision::Undecided);
        assert!(careful.design_effects[1] > 8.0, "{careful:?}");
    }

    #[test]
    fn the_sentence() {
        assert_eq!(
            judged(10.0, (198, 200), (210, 210)).numbers("requests"),
            "99.0% of 200 requests and 100.0% of 210 requests (99.9%: 0.0-8.1% apart), at most \
             10% allowed"
        );
    }

    proptest! {
        #[test]
        fn the_seen_difference_lies_inside_and_the_sides_may_be_swapped(
            a in 1u64..3000, b in 1u64..3000, x in 0.0..=1.0f64, y in 0.0..=1.0f64,
            most in 0.0..=100.0f64,
        ) {
            #[expect(
                clippy::cast_possible_truncation, clippy::cast_sign_loss,
                reason = "a share of the trials is a count"
            )]
            let of = |share: f64, trials: u64| (share * trials as f64) as u64;
            let (one, other) = ((of(x, a), a), (of(y, b), b));
            let judged_one = judged(most, one, other);
            let seen = (one.0 as f64 / a as f64 - other.0 as f64 / b as f64).abs();
            prop_assert!(judged_one.interval.low <= seen + 1e-12);
            prop_assert!(seen <= judged_one.interval.high + 1e-12);
            let swapped = judged(most, other, one);
            prop_assert_eq!(swapped.decision, judged_one.decision);
        }
    }
}
