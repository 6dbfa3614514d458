//! How much evidence a claim is likely to need: for planning load, never for deciding. Pure.

use crate::units::Percent;
use crate::verdict::bound::Bound;
use crate::verdict::confidence_sequence::Confidence;
use crate::verdict::counts::Counts;
use crate::verdict::decision::Decision;
use crate::verdict::judge::decide;
use crate::verdict::trials::Trials;

/// What no claim needs: a bound that tight is decided by the run's time limit instead.
const TRIALS_MAX: u64 = 1 << 20;

/// What not to know the variance is likely to cost a claim that both outcomes are seen of, where
/// bursts must be reckoned with: some 30 blocks, and an estimate that errs upwards.
const UNKNOWN_VARIANCE: f64 = 1.5;

/// Where some trial is to be a hit the first one decides: a plan for a few finds those that are not
/// rare, and more are asked for where there was none.
const SOME: u64 = 20;

/// The fewest trials that would meet the claim if they came out as a true claim's do: all of them
/// hits where that is claimed, twice what is claimed at least, and a quarter more than in the
/// middle of the bound where it has two ends, because chance seldom leads to the very middle.
/// `burst` is that of `Trials`.
#[must_use]
pub fn effort(bound: &Bound, burst: u32, confidence: Confidence) -> u64 {
    let burst = f64::from(burst.max(1));
    match *bound {
        // An end that nothing lies beyond is none.
        Bound::Between(low, high) if high == Percent::ALL => {
            fewest(&Bound::AtLeast(low), burst, confidence)
        }
        Bound::Between(low, high) if low == Percent::NOTHING => {
            fewest(&Bound::AtMost(high), burst, confidence)
        }
        Bound::Between(..) => {
            let fewest = fewest(bound, burst.min(UNKNOWN_VARIANCE), confidence);
            fewest + fewest / 4
        }
        Bound::Every | Bound::No | Bound::Some | Bound::AtLeast(_) | Bound::AtMost(_) => {
            fewest(bound, burst, confidence)
        }
    }
}

/// The fewest trials that would decide the claim, either way, if they went on as they came so far.
#[must_use]
pub fn effort_after(bound: &Bound, trials: &Trials, confidence: Confidence) -> u64 {
    let Counts { certain, trials: so_far, .. } = trials.total();
    if so_far == 0 {
        return effort(bound, trials.burst(), confidence);
    }
    let (share, so_far) = (certain as f64 / so_far as f64, so_far as f64);
    trials_until(|needed| {
        // The more blocks, the better the variance is known.
        let design_effect = trials.design_effect_after(needed as f64 / so_far, confidence);
        decided(bound, share, needed, design_effect, confidence) != Decision::Undecided
    })
}

fn fewest(bound: &Bound, design_effect: f64, confidence: Confidence) -> u64 {
    let share = match bound {
        Bound::Every => 1.0,
        Bound::No => 0.0,
        // A claim of little is made of what is often not much more: of a third that is to be at
        // least 15%. Twice what is claimed is a guess that seldom costs a second piece of load.
        Bound::AtLeast(least) => (2.0 * least.fraction()).min(1.0),
        Bound::AtMost(most) => 1.0 - (2.0 * (1.0 - most.fraction())).min(1.0),
        Bound::Some => return SOME,
        Bound::Between(low, high) => f64::midpoint(low.fraction(), high.fraction()),
    };
    trials_until(|trials| decided(bound, share, trials, design_effect, confidence) == Decision::Met)
}

/// What so many trials decide if this share of them are hits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most 2^20 trials is a small whole number"
)]
fn decided(
    bound: &Bound,
    share: f64,
    trials: u64,
    design_effect: f64,
    confidence: Confidence,
) -> Decision {
    let hits = (share * trials as f64).round() as u64;
    decide(bound, Counts::exact(hits, trials), design_effect, confidence)
}

/// The number of trials from which on something holds.
fn trials_until(holds: impl Fn(u64) -> bool) -> u64 {
    let (mut too_few, mut enough) = (0, 1);
    while !holds(enough) && enough < TRIALS_MAX {
        (too_few, enough) = (enough, enough * 2);
    }
    while enough - too_few > 1 {
        let middle = u64::midpoint(too_few, enough);
        if holds(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(percent: f64) -> Percent {
        Percent::new(percent).unwrap()
    }

    #[test]
    fn the_figures_of_the_document() {
        let effort = |bound| effort(&bound, 1, Confidence::default());
        assert_eq!(effort(Bound::Every), 158);
        assert_eq!(effort(Bound::No), 158);
        let split = effort(Bound::Between(percent(75.0), percent(85.0)));
        assert!((1350..1550).contains(&split), "{split}");
        assert!(effort(Bound::AtLeast(percent(50.0))) < 20);
        assert!(effort(Bound::AtLeast(percent(95.0))) < 200);
        // Two ends of which one is no end.
        let one_end = effort(Bound::AtLeast(percent(95.0)));
        assert_eq!(effort(Bound::Between(percent(95.0), percent(100.0))), one_end);
        let one_end = effort(Bound::AtMost(percent(5.0)));
        assert_eq!(effort(Bound::Between(percent(0.0), percent(5.0))), one_end);
        // What needs only one hit is not planned for the case that there is none.
        assert_eq!(effort(Bound::Some), SOME);
        // No number of trials shows this: the planning ends nevertheless.
        assert_eq!(effort(Bound::AtLeast(Percent::ALL)), TRIALS_MAX);
    }

    #[test]
    fn what_was_seen_foretells_what_is_still_needed() {
        let after = |bound, hits, trials| {
            effort_after(&bound, &Counts::exact(hits, trials).into(), Confidence::default())
        };
        let least = Bound::AtLeast(percent(15.0));
        // The plan hopes for twice what is claimed; a third of hits needs less, a fifth much more.
        let (third, fifth) = (after(least, 20, 60), after(least, 12, 60));
        assert!((70..120).contains(&third) && fifth > 5 * third, "{third}, {fifth}");
        let planned = effort(&least, 1, Confidence::default());
        assert!((third..2 * third).contains(&planned), "{planned}, {third}");
        // A claim that is going to be violated needs no more than that takes.
        assert!(after(least, 0, 60) < 100);
        assert_eq!(after(Bound::Every, 0, 0), effort(&Bound::Every, 1, Confidence::default()));
    }

    #[test]
    fn bursts_need_more() {
        let confidence = Confidence::default();
        assert_eq!(effort(&Bound::Every, 10, confidence), 1_574);
        // Where both outcomes are seen, the blocks will tell; their number is not known yet.
        let between = Bound::Between(percent(60.0), percent(80.0));
        let (single, bursty) = (effort(&between, 1, confidence), effort(&between, 50, confidence));
        assert!(single * 14 / 10 < bursty && bursty < single * 16 / 10, "{single}, {bursty}");
        // Alternating blocks of hits and misses: each block is as good as one trial or so.
        let least = Bound::AtLeast(percent(30.0));
        let blocks = |at| (0..40).map(move |i| Counts::exact(if i % 4 < at { 10 } else { 0 }, 10));
        let bursts: Trials = blocks(2).collect();
        let spread: Trials = (0..40).map(|_| Counts::exact(5, 10)).collect();
        let [bursts, spread] = [bursts, spread].map(|t| effort_after(&least, &t, confidence));
        assert!(spread < 150 && bursts > 6 * spread, "{spread}, {bursts}");
    }
}
