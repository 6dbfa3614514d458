//! How much evidence a claim is likely to need: for planning load, never for deciding. Pure.

use super::{Bound, Confidence, Counts, Decision, decide};
use crate::units::Percent;

/// What no claim needs: a bound that tight is decided by the run's time limit instead.
const TRIALS_MAX: u64 = 1 << 20;

/// The fewest trials that would meet the claim if they came out as a true claim's do: all of them
/// hits where that is allowed, and a quarter more than in the middle of the bound where it has two
/// ends, because chance seldom leads to the very middle.
#[must_use]
pub fn effort(bound: &Bound, confidence: Confidence) -> u64 {
    match *bound {
        // An end that nothing lies beyond is none.
        Bound::Between(low, high) if high == Percent::ALL => {
            fewest(&Bound::AtLeast(low), confidence)
        }
        Bound::Between(low, high) if low == Percent::NOTHING => {
            fewest(&Bound::AtMost(high), confidence)
        }
        Bound::Between(..) => {
            let fewest = fewest(bound, confidence);
            fewest + fewest / 4
        }
        Bound::All | Bound::None_ | Bound::Some_ | Bound::AtLeast(_) | Bound::AtMost(_) => {
            fewest(bound, confidence)
        }
    }
}

/// The fewest trials that would decide the claim, either way, if they went on as they came so far.
#[must_use]
pub fn effort_after(bound: &Bound, counts: Counts, confidence: Confidence) -> u64 {
    if counts.trials == 0 {
        return effort(bound, confidence);
    }
    let share = counts.certain as f64 / counts.trials as f64;
    trials_until(|trials| decided(bound, share, trials, confidence) != Decision::Undecided)
}

fn fewest(bound: &Bound, confidence: Confidence) -> u64 {
    let share = match bound {
        Bound::All | Bound::AtLeast(_) => 1.0,
        Bound::None_ | Bound::AtMost(_) => 0.0,
        // One is enough, but a plan for one request is no plan.
        Bound::Some_ => return fewest(&Bound::None_, confidence),
        Bound::Between(low, high) => f64::midpoint(low.fraction(), high.fraction()),
    };
    trials_until(|trials| decided(bound, share, trials, confidence) == Decision::Met)
}

/// What so many trials decide if this share of them are hits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most 2^20 trials is a small whole number"
)]
fn decided(bound: &Bound, share: f64, trials: u64, confidence: Confidence) -> Decision {
    let hits = (share * trials as f64).round() as u64;
    decide(bound, Counts::exact(hits, trials), confidence)
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
        let effort = |bound| effort(&bound, Confidence::default());
        assert_eq!(effort(Bound::All), 158);
        assert_eq!(effort(Bound::None_), 158);
        let split = effort(Bound::Between(percent(75.0), percent(85.0)));
        assert!((1350..1550).contains(&split), "{split}");
        assert!(effort(Bound::AtLeast(percent(50.0))) < 20);
        assert!(effort(Bound::AtLeast(percent(95.0))) < 200);
        // Two ends of which one is no end.
        let one_end = effort(Bound::AtLeast(percent(95.0)));
        assert_eq!(effort(Bound::Between(percent(95.0), percent(100.0))), one_end);
        let one_end = effort(Bound::AtMost(percent(5.0)));
        assert_eq!(effort(Bound::Between(percent(0.0), percent(5.0))), one_end);
        // No number of trials shows this: the planning ends nevertheless.
        assert_eq!(effort(Bound::AtLeast(Percent::ALL)), TRIALS_MAX);
    }

    #[test]
    fn what_was_seen_foretells_what_is_still_needed() {
        let after = |bound, hits, trials| {
            effort_after(&bound, Counts::exact(hits, trials), Confidence::default())
        };
        let least = Bound::AtLeast(percent(15.0));
        // The plan hopes for hits alone; a third of hits needs more, and a fifth much more.
        assert!(effort(&least, Confidence::default()) < 20);
        let (third, fifth) = (after(least, 20, 60), after(least, 12, 60));
        assert!((70..120).contains(&third) && fifth > 5 * third, "{third}, {fifth}");
        // A claim that is going to be violated needs no more than that takes.
        assert!(after(least, 0, 60) < 100);
        assert_eq!(after(Bound::All, 0, 0), effort(&Bound::All, Confidence::default()));
    }
}
