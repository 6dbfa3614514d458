//! Judging counts against a bound: sequentially, at a stated error rate, whenever one looks. Pure.

use crate::verdict::bound::Bound;
use crate::verdict::confidence_sequence::{Confidence, Interval};
use crate::verdict::counts::Counts;
use crate::verdict::decision::Decision;
use crate::verdict::trials::Trials;
use crate::verdict::verdict::Verdict;
use crate::verdict::{confidence_sequence, sequential_test};

/// Counts divided by the design effect, and how much evidence decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effective {
    pub(super) certain: f64,
    pub(super) possible: f64,
    pub(super) trials: f64,
    pub(super) threshold: f64,
}

/// Judges a claim; pure, and right to call after every new block.
#[must_use]
pub fn judge(bound: &Bound, trials: &Trials, confidence: Confidence) -> Verdict {
    let counts = trials.total();
    let design_effect = trials.design_effect(confidence);
    let decision = decide(bound, counts, design_effect, confidence);
    let mut interval = measured(counts, design_effect, confidence);
    if bound.is_shown_by(decision) {
        let Interval { low, high } = bound.claimed();
        let Effective { certain, possible, trials, threshold } =
            counts.effective(design_effect, confidence);
        if low > 0.0 {
            interval.low = sequential_test::lower_bound(certain, trials, low, high, threshold);
        }
        if high < 1.0 {
            let misses = trials - possible;
            interval.high = 1.0
                - sequential_test::lower_bound(misses, trials, 1.0 - high, 1.0 - low, threshold);
        }
    }
    Verdict { decision, bound: *bound, counts, interval, confidence, design_effect }
}

/// The decision alone: what `judge` decides by.
pub(crate) fn decide(
    bound: &Bound,
    counts: Counts,
    design_effect: f64,
    confidence: Confidence,
) -> Decision {
    // Without trials even "at least 0%" would hold: it would pass and show nothing.
    if !counts.is_consistent() || counts.trials == 0 {
        return Decision::Undecided;
    }
    let effective = counts.effective(design_effect, confidence);
    match bound {
        // An uncertain trial may be the exception: it keeps the claim from being met.
        Bound::Every if counts.possible < counts.trials => Decision::Violated,
        Bound::Every if counts.certain < counts.trials => Decision::Undecided,
        Bound::No if counts.certain > 0 => Decision::Violated,
        Bound::Some if counts.certain > 0 => Decision::Met,
        Bound::No | Bound::Some if counts.possible > 0 => Decision::Undecided,
        Bound::Some if effective.show(bound.claimed()) => Decision::Violated,
        Bound::Every | Bound::No if effective.show(bound.claimed()) => Decision::Met,
        Bound::Every | Bound::No | Bound::Some => Decision::Undecided,
        Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Between(..) => {
            match (effective.show(bound.claimed()), effective.refute(bound.claimed())) {
                (true, _) => Decision::Met,
                (false, true) => Decision::Violated,
                (false, false) => Decision::Undecided,
            }
        }
    }
}

/// Where the share lies, whatever is claimed of it.
pub(crate) fn measured(counts: Counts, design_effect: f64, confidence: Confidence) -> Interval {
    if !counts.is_consistent() || counts.trials == 0 {
        return Interval::ANYTHING;
    }
    let Effective { certain, possible, trials, threshold } =
        counts.effective(design_effect, confidence);
    Interval {
        low: confidence_sequence::lower_end(certain, trials, threshold),
        high: 1.0 - confidence_sequence::lower_end(trials - possible, trials, threshold),
    }
}

// === impl Effective ===

impl Effective {
    /// Whether the share is shown to lie in the range. One that contains nothing holds no share.
    fn show(self, Interval { low, high }: Interval) -> bool {
        let misses = self.trials - self.possible;
        low <= high
            && sequential_test::exceeds(self.certain, self.trials, low, high, self.threshold)
            && sequential_test::exceeds(misses, self.trials, 1.0 - high, 1.0 - low, self.threshold)
    }

    /// Whether the share is shown to lie outside of the range.
    fn refute(self, Interval { low, high }: Interval) -> bool {
        let misses = self.trials - self.possible;
        confidence_sequence::above(misses, self.trials, 1.0 - low, self.threshold)
            || confidence_sequence::above(self.certain, self.trials, high, self.threshold)
    }
}

// === impl Counts ===

impl Counts {
    /// What they are worth, and what they have to reach.
    pub(crate) fn effective(self, design_effect: f64, confidence: Confidence) -> Effective {
        Effective {
            certain: self.certain as f64 / design_effect,
            possible: self.possible as f64 / design_effect,
            trials: self.trials as f64 / design_effect,
            threshold: confidence.threshold(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::units::Percent;
    use proptest::prelude::*;

    use super::*;

    fn percent(percent: f64) -> Percent {
        Percent::new(percent).unwrap()
    }

    fn judged(bound: Bound, hits: u64, trials: u64) -> Verdict {
        judge(&bound, &Counts::exact(hits, trials).into(), Confidence::default())
    }

    #[test]
    fn shares_are_decided_in_both_directions() {
        let bound = Bound::Between(percent(75.0), percent(85.0));
        assert_eq!(judged(bound, 1600, 2000).decision, Decision::Met);
        assert_eq!(judged(bound, 1800, 2000).decision, Decision::Violated);
        assert_eq!(judged(bound, 8, 10).decision, Decision::Undecided);
        assert_eq!(judged(bound, 1500, 2000).decision, Decision::Undecided);
        assert_eq!(judged(Bound::AtLeast(percent(50.0)), 90, 100).decision, Decision::Met);
        assert_eq!(judged(Bound::AtLeast(percent(50.0)), 10, 100).decision, Decision::Violated);
        assert_eq!(judged(Bound::AtMost(percent(50.0)), 90, 100).decision, Decision::Violated);
        assert_eq!(judged(Bound::AtMost(percent(50.0)), 10, 100).decision, Decision::Met);
    }

    #[test]
    fn one_exception_violates_all_and_one_hit_violates_none() {
        assert_eq!(judged(Bound::Every, 411, 412).decision, Decision::Violated);
        assert_eq!(judged(Bound::Every, 412, 412).decision, Decision::Met);
        assert_eq!(judged(Bound::Every, 20, 20).decision, Decision::Undecided);
        assert_eq!(judged(Bound::No, 1, 412).decision, Decision::Violated);
        assert_eq!(judged(Bound::No, 0, 412).decision, Decision::Met);
        assert_eq!(judged(Bound::No, 0, 20).decision, Decision::Undecided);
    }

    #[test]
    fn some_is_the_opposite_of_none() {
        for (hits, trials) in [(0, 412), (1, 412), (0, 20), (1, 1), (412, 412)] {
            let opposite = match judged(Bound::No, hits, trials).decision {
                Decision::Met => Decision::Violated,
                Decision::Violated => Decision::Met,
                Decision::Undecided => Decision::Undecided,
            };
            assert_eq!(judged(Bound::Some, hits, trials).decision, opposite, "{hits}/{trials}");
        }
    }

    #[test]
    fn all_needs_about_a_hundred_and_sixty_requests() {
        let needed = (1..1_000).find(|&n| judged(Bound::Every, n, n).decision == Decision::Met);
        assert_eq!(needed, Some(158));
    }

    #[test]
    fn a_trial_that_may_be_an_exception_decides_nothing() {
        let counts = Counts { certain: 999, possible: 1000, trials: 1000 };
        for bound in [Bound::Every, Bound::AtLeast(percent(99.9))] {
            let verdict = judge(&bound, &counts.into(), Confidence::default());
            assert_eq!(verdict.decision, Decision::Undecided, "{bound:?}");
        }
        let counts = Counts { certain: 0, possible: 1, trials: 1000 };
        let verdict = judge(&Bound::No, &counts.into(), Confidence::default());
        assert_eq!(verdict.decision, Decision::Undecided);
    }

    #[test]
    fn counts_that_contradict_themselves_decide_nothing() {
        for (certain, possible, trials) in [(5, 4, 10), (11, 11, 10), (0, 11, 10)] {
            let counts = Counts { certain, possible, trials };
            let verdict = judge(&Bound::Every, &counts.into(), Confidence::default());
            assert_eq!(verdict.decision, Decision::Undecided);
            assert_eq!(verdict.estimate(), None);
        }
    }

    #[test]
    fn no_trials_decide_nothing() {
        let half = percent(50.0);
        for bound in [Bound::Every, Bound::No, Bound::AtLeast(half), Bound::AtMost(half)] {
            assert_eq!(judged(bound, 0, 0).decision, Decision::Undecided, "{bound:?}");
        }
        // Even where no trial could contradict them.
        assert_eq!(judged(Bound::AtLeast(percent(0.0)), 0, 0).decision, Decision::Undecided);
    }

    proptest! {
        #[test]
        fn what_may_be_a_hit_only_ever_makes_a_verdict_more_careful(
            trials in 0u64..3000, a in 0.0..=1.0f64, b in 0.0..=1.0f64, c in 0.0..=1.0f64,
            low in 0.0..=100.0f64, high in 0.0..=100.0f64,
        ) {
            // Wherever the true number of hits lies between certain and possible, a decision taken
            // without knowing it is the decision that knowing it would have given.
            #[expect(
                clippy::cast_possible_truncation, clippy::cast_sign_loss,
                reason = "a share of the trials is a count"
            )]
            let of = |share: f64| (share * trials as f64) as u64;
            let mut hits = [of(a), of(b), of(c)];
            hits.sort_unstable();
            let counts = Counts { certain: hits[0], possible: hits[2], trials };
            let bounds = [
                Bound::AtLeast(percent(low)), Bound::AtMost(percent(high)),
                Bound::Between(percent(low), percent(high)), Bound::Every, Bound::No, Bound::Some,
            ];
            for bound in bounds {
                let careful = judge(&bound, &counts.into(), Confidence::default()).decision;
                let knowing = judged(bound, hits[1], trials).decision;
                prop_assert!(careful == Decision::Undecided || careful == knowing, "{bound:?}");
            }
        }
    }
}
