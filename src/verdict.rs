//! Verdicts: what was claimed, what was counted, and whether that decides it. Pure.
//!
//! Every claim about a proportion is judged by tests that may be looked at after every single
//! request, and stopped at the first decision, without spoiling the error rate: it is met by bets
//! on the claim (`bets`), and violated by a confidence sequence (`sequence`). So with the default
//! confidence of 99.9%, at most one in a thousand true claims is ever called violated and at most
//! one in a thousand false claims is ever called met. What the evidence does not decide is
//! undecided, which is not a pass.
//!
//! Requests that share a fate in bursts count for fewer (`trials`): counts are divided by the
//! design effect that their blocks show, or, where the evidence is all alike and cannot show any,
//! by the length that bursts are taken to have. What is guaranteed, and what is not:
//!
//! - Both rates hold for bursts of up to `Trials::burst` requests (by simulation). That is 1 unless
//!   said otherwise: for independent requests, a claim then needs about a fifth more of them than
//!   if they were known to be, and no more at all if they are all alike.
//! - Longer bursts are found out, and counted for what they are, once each outcome came in some
//!   bursts. Decisions before that, on evidence that is all or nearly all alike, may be wrong.
//! - `All` is violated by one exception, so it is never wrongly violated. That it is met says that
//!   exceptions are rarer than `RARE` unless they come in bursts longer than `Trials::burst`. The
//!   same goes for `None_`, and for `Some_` being violated.
//!
//! The rate is one claim's. A claim judged over a window in which the configuration changed means
//! nothing.

mod bets;
mod difference;
mod effort;
mod numbers;
mod sequence;
mod trials;

use std::fmt;

pub use difference::{Difference, judge_difference};
pub use effort::{effort, effort_after};
pub use sequence::{Confidence, Interval, interval};
pub use trials::Trials;

use crate::units::Percent;

/// What share the exceptions to `Bound::All` (and the hits of `Bound::None_`) must be shown to stay
/// below before such a claim is met: 5%. "All" can be refuted by one request, but no number of
/// requests proves it; with 99.9% confidence this limit asks for about 160 requests without an
/// exception. More requests push the printed limit further down.
pub const RARE: f64 = 0.05;

/// A claim about the share of hits among all trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This share or more.
    AtLeast(Percent),
    /// This share or less.
    AtMost(Percent),
    /// From the first share to the second, both included.
    Between(Percent, Percent),
    /// Every trial is a hit: the first exception violates it; met once exceptions are shown to be
    /// rarer than `RARE`.
    All,
    /// No trial is a hit: the first hit violates it; met once hits are shown to be rarer than
    /// `RARE`.
    None_,
    /// Some trial is a hit: the first one meets it; violated once hits are shown to be rarer than
    /// `RARE`.
    Some_,
}

/// What was counted. `certain` and `possible` are the same where each trial is known to be a hit or
/// not; they differ where a histogram bucket straddles the limit that makes a trial a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Trials known to be hits.
    pub certain: u64,
    /// Trials that may be hits, the certain ones included.
    pub possible: u64,
    /// All trials.
    pub trials: u64,
}

/// How far the evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The claim holds.
    Met,
    /// The claim does not hold.
    Violated,
    /// The evidence does not suffice, or contradicts itself.
    Undecided,
}

/// A decision with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// How far the evidence goes.
    pub decision: Decision,
    /// The claim.
    pub bound: Bound,
    /// The evidence.
    pub counts: Counts,
    /// Where the true share lies, at `confidence`: its lower end comes from the certain hits, its
    /// upper end from the possible ones.
    pub interval: Interval,
    /// How sure the interval is, whenever it is looked at.
    pub confidence: Confidence,
    /// How many trials counted as one, because they come in bursts: 1 if they are independent.
    pub design_effect: f64,
}

/// Counts divided by the design effect, and how much evidence decides.
#[derive(Debug, Clone, Copy)]
struct Effective {
    certain: f64,
    possible: f64,
    trials: f64,
    threshold: f64,
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
            interval.low = bets::end(certain, trials, low, high, threshold);
        }
        if high < 1.0 {
            let misses = trials - possible;
            interval.high = 1.0 - bets::end(misses, trials, 1.0 - high, 1.0 - low, threshold);
        }
    }
    Verdict { decision, bound: *bound, counts, interval, confidence, design_effect }
}

/// The decision alone: what `judge` decides by.
fn decide(bound: &Bound, counts: Counts, design_effect: f64, confidence: Confidence) -> Decision {
    // Without trials even "at least 0%" would hold: it would pass and show nothing.
    if !counts.is_consistent() || counts.trials == 0 {
        return Decision::Undecided;
    }
    let effective = counts.effective(design_effect, confidence);
    match bound {
        // An uncertain trial may be the exception: it keeps the claim from being met.
        Bound::All if counts.possible < counts.trials => Decision::Violated,
        Bound::All if counts.certain < counts.trials => Decision::Undecided,
        Bound::None_ if counts.certain > 0 => Decision::Violated,
        Bound::Some_ if counts.certain > 0 => Decision::Met,
        Bound::None_ | Bound::Some_ if counts.possible > 0 => Decision::Undecided,
        Bound::Some_ if effective.show(bound.claimed()) => Decision::Violated,
        Bound::All | Bound::None_ if effective.show(bound.claimed()) => Decision::Met,
        Bound::All | Bound::None_ | Bound::Some_ => Decision::Undecided,
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
fn measured(counts: Counts, design_effect: f64, confidence: Confidence) -> Interval {
    if !counts.is_consistent() || counts.trials == 0 {
        return Interval::ANYTHING;
    }
    let Effective { certain, possible, trials, threshold } =
        counts.effective(design_effect, confidence);
    Interval {
        low: sequence::lower_end(certain, trials, threshold),
        high: 1.0 - sequence::lower_end(trials - possible, trials, threshold),
    }
}

// === impl Effective ===

impl Effective {
    /// Whether the share is shown to lie in the range. One that contains nothing holds no share.
    fn show(self, Interval { low, high }: Interval) -> bool {
        let misses = self.trials - self.possible;
        low <= high
            && bets::above(self.certain, self.trials, low, high, self.threshold)
            && bets::above(misses, self.trials, 1.0 - high, 1.0 - low, self.threshold)
    }

    /// Whether the share is shown to lie outside of the range.
    fn refute(self, Interval { low, high }: Interval) -> bool {
        let misses = self.trials - self.possible;
        sequence::above(misses, self.trials, 1.0 - low, self.threshold)
            || sequence::above(self.certain, self.trials, high, self.threshold)
    }
}

// === impl Bound ===

impl Bound {
    /// The range that the share must be shown to lie in for the claim to be met (for `Some_`: to be
    /// violated).
    fn claimed(self) -> Interval {
        match self {
            Self::AtLeast(least) => Interval { low: least.fraction(), high: 1.0 },
            Self::AtMost(most) => Interval { low: 0.0, high: most.fraction() },
            Self::Between(low, high) => Interval { low: low.fraction(), high: high.fraction() },
            Self::All => Interval { low: 1.0 - RARE, high: 1.0 },
            Self::None_ | Self::Some_ => Interval { low: 0.0, high: RARE },
        }
    }

    /// Whether a decision was come to by showing that the share lies in the claimed range.
    fn is_shown_by(self, decision: Decision) -> bool {
        match self {
            Self::Some_ => decision == Decision::Violated,
            _ => decision == Decision::Met,
        }
    }

    /// What an interval says of the claim.
    fn agrees(self, counts: Counts, interval: Interval) -> Decision {
        let Interval { low, high } = interval;
        let (met, violated) = match self {
            Self::AtLeast(least) => (low >= least.fraction(), high < least.fraction()),
            Self::AtMost(most) => (high <= most.fraction(), low > most.fraction()),
            Self::Between(least, most) => (
                low >= least.fraction() && high <= most.fraction(),
                high < least.fraction() || low > most.fraction(),
            ),
            // An uncertain trial may be the exception: it keeps the claim from being met.
            Self::All => (
                counts.certain == counts.trials && low >= 1.0 - RARE,
                counts.possible < counts.trials,
            ),
            Self::None_ => (counts.possible == 0 && high <= RARE, counts.certain > 0),
            Self::Some_ => (counts.certain > 0, counts.possible == 0 && high <= RARE),
        };
        // A bound that contains nothing (`Between(85%, 75%)`) is violated by whatever is seen.
        match (met, violated) {
            (_, true) => Decision::Violated,
            (true, false) => Decision::Met,
            (false, false) => Decision::Undecided,
        }
    }
}

impl fmt::Display for Bound {
    /// As a sentence says it: `at least 99%`, `every`, `no`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::Between(least, most) => write!(f, "between {least} and {most}"),
            Self::All => f.write_str("every"),
            Self::None_ => f.write_str("no"),
            Self::Some_ => f.write_str("some"),
        }
    }
}

// === impl Counts ===

impl Counts {
    /// Counts in which every trial is known to be a hit or not.
    #[must_use]
    pub const fn exact(hits: u64, trials: u64) -> Self {
        Self { certain: hits, possible: hits, trials }
    }

    /// These and those, taken together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            certain: self.certain.saturating_add(other.certain),
            possible: self.possible.saturating_add(other.possible),
            trials: self.trials.saturating_add(other.trials),
        }
    }

    /// What they are worth, and what they have to reach.
    fn effective(self, design_effect: f64, confidence: Confidence) -> Effective {
        Effective {
            certain: self.certain as f64 / design_effect,
            possible: self.possible as f64 / design_effect,
            trials: self.trials as f64 / design_effect,
            threshold: confidence.threshold(),
        }
    }

    /// Whether the counts can be: certain ≤ possible ≤ trials. They cannot when two sources were
    /// read at different times; then nothing is decided.
    #[must_use]
    pub const fn is_consistent(self) -> bool {
        self.certain <= self.possible && self.possible <= self.trials
    }
}

// === impl Verdict ===

impl Verdict {
    /// The share of hits, as a fraction of one; from the certain to the possible hits. `None`
    /// without trials.
    #[must_use]
    pub fn estimate(&self) -> Option<Interval> {
        let share = |hits: u64| hits as f64 / self.counts.trials as f64;
        let known = self.counts.trials > 0 && self.counts.is_consistent();
        known.then(|| Interval {
            low: share(self.counts.certain),
            high: share(self.counts.possible),
        })
    }

    /// How many independent trials the evidence is as good as.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of the trials is a count"
    )]
    pub fn independent(&self) -> u64 {
        (self.counts.trials as f64 / self.design_effect) as u64
    }

    /// The numbers behind the verdict, e.g. `80.4% of 1,312 requests reached v1 (99.9%:
    /// 75.7-84.6%), 75-85% required`. `what` is the plural of what was counted, and what it did:
    /// `requests reached v1`.
    #[must_use]
    pub fn numbers(&self, what: &str) -> String {
        numbers::of(self, what)
    }
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
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
        assert_eq!(judged(Bound::All, 411, 412).decision, Decision::Violated);
        assert_eq!(judged(Bound::All, 412, 412).decision, Decision::Met);
        assert_eq!(judged(Bound::All, 20, 20).decision, Decision::Undecided);
        assert_eq!(judged(Bound::None_, 1, 412).decision, Decision::Violated);
        assert_eq!(judged(Bound::None_, 0, 412).decision, Decision::Met);
        assert_eq!(judged(Bound::None_, 0, 20).decision, Decision::Undecided);
    }

    #[test]
    fn some_is_the_opposite_of_none() {
        for (hits, trials) in [(0, 412), (1, 412), (0, 20), (1, 1), (412, 412)] {
            let opposite = match judged(Bound::None_, hits, trials).decision {
                Decision::Met => Decision::Violated,
                Decision::Violated => Decision::Met,
                Decision::Undecided => Decision::Undecided,
            };
            assert_eq!(judged(Bound::Some_, hits, trials).decision, opposite, "{hits}/{trials}");
        }
    }

    #[test]
    fn all_needs_about_a_hundred_and_sixty_requests() {
        let needed = (1..1_000).find(|&n| judged(Bound::All, n, n).decision == Decision::Met);
        assert_eq!(needed, Some(158));
    }

    #[test]
    fn a_trial_that_may_be_an_exception_decides_nothing() {
        let counts = Counts { certain: 999, possible: 1000, trials: 1000 };
        for bound in [Bound::All, Bound::AtLeast(percent(99.9))] {
            let verdict = judge(&bound, &counts.into(), Confidence::default());
            assert_eq!(verdict.decision, Decision::Undecided, "{bound:?}");
        }
        let counts = Counts { certain: 0, possible: 1, trials: 1000 };
        let verdict = judge(&Bound::None_, &counts.into(), Confidence::default());
        assert_eq!(verdict.decision, Decision::Undecided);
    }

    #[test]
    fn counts_that_contradict_themselves_decide_nothing() {
        for (certain, possible, trials) in [(5, 4, 10), (11, 11, 10), (0, 11, 10)] {
            let counts = Counts { certain, possible, trials };
            let verdict = judge(&Bound::All, &counts.into(), Confidence::default());
            assert_eq!(verdict.decision, Decision::Undecided);
            assert_eq!(verdict.estimate(), None);
        }
    }

    #[test]
    fn no_trials_decide_nothing() {
        let half = percent(50.0);
        for bound in [Bound::All, Bound::None_, Bound::AtLeast(half), Bound::AtMost(half)] {
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
                Bound::Between(percent(low), percent(high)), Bound::All, Bound::None_, Bound::Some_,
            ];
            for bound in bounds {
                let careful = judge(&bound, &counts.into(), Confidence::default()).decision;
                let knowing = judged(bound, hits[1], trials).decision;
                prop_assert!(careful == Decision::Undecided || careful == knowing, "{bound:?}");
            }
        }
    }
}
