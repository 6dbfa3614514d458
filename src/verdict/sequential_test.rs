//! Evidence for a claim, by betting on it: whether the shares that a claim excludes are refuted.
//! Pure.
//!
//! **Method.** A claim says that the share lies in a range. That it lies above the range's lower
//! end a is shown against every share p ≤ a. For hits h among n trials,
//!
//! ```text
//! E_n(a) = mean over q in (a, b] of (q / a)^h ((1 - q) / (1 - a))^(n - h)
//! ```
//!
//! bets on the shares q between a and the range's upper end b. Each ratio is a non-negative
//! martingale of mean 1 where the true share is a, and a supermartingale where it is below, since
//! it grows with h; so is their mean. By Ville's inequality it ever reaches 1/alpha with
//! probability at most alpha, whenever one looks. The upper end is the same with hits and misses
//! exchanged. A claim with two ends is met when both tests say so: where it is false, one of them
//! errs, so that its rate too is at most alpha and nothing need be divided.
//!
//! The confidence sequence (`confidence_sequence`) bets on all shares at once, which it must, since
//! it asks where the share is. A claim knows where to look: it needs a fifth fewer trials.
//!
//! The q stand at equal steps of asin sqrt q (Jeffreys' weights, limited to the range). The log of
//! each ratio is concave in that angle, and the steps shrink with a; hence `E_n` falls as a grows
//! towards h/n, and the largest refuted a is a lower end for the share that holds at every n.
//!
//! **Sources.** R. Farrell, Asymptotic behavior of expected sample size in certain one sided tests,
//! Ann. Math. Statist. 35, 1964, and H. Robbins, D. Siegmund, The expected sample size of some
//! tests of power one, Ann. Statist. 2, 1974 (one-sided mixtures); A. Ramdas, P. Grünwald, V. Vovk,
//! G. Shafer, Game-theoretic statistics and safe anytime-valid inference, Statist. Sci. 38, 2023.

use crate::verdict::confidence_sequence::divergence;

/// How many shares are bet on. The nearest one to the truth is then off by less than a hundredth of
/// the range, which costs nothing before thousands of trials, and then nothing is in doubt.
const BETS: usize = 64;

/// Halvings of the search for an end: far below the digits that are printed.
pub(crate) const HALVINGS: u32 = 40;

/// Whether hits are shown to have a larger share than `share`, if it is claimed to be at most
/// `claimed`. `threshold` is ln 1/alpha. Counts are whole numbers, or parts of them where trials
/// depend on each other (see `trials`).
pub(crate) fn exceeds(hits: f64, trials: f64, share: f64, claimed: f64, threshold: f64) -> bool {
    // Nothing lies below 0.
    if share <= 0.0 {
        return true;
    }
    if share >= claimed || hits <= share * trials {
        return false;
    }
    // No bet does better than the one on the share that was seen: most calls end here.
    if divergence(hits, trials, share) < threshold {
        return false;
    }
    let (from, to) = (angle(share), angle(claimed));
    let misses = trials - hits;
    let ln_ratios: [f64; BETS] = std::array::from_fn(|bet| {
        let at = from + (to - from) * (bet as f64 + 0.5) / BETS as f64;
        let of_misses =
            if misses > 0.0 { misses * (2.0 * at.cos().ln() - (-share).ln_1p()) } else { 0.0 };
        hits * (2.0 * at.sin().ln() - share.ln()) + of_misses
    });
    let largest = ln_ratios.into_iter().fold(f64::NEG_INFINITY, f64::max);
    // The mean is no more than the largest.
    if largest < threshold {
        return false;
    }
    let sum: f64 = ln_ratios.into_iter().map(|ln_ratio| (ln_ratio - largest).exp()).sum();
    largest + (sum / BETS as f64).ln() >= threshold
}

/// The largest share from `known` on, which is refuted already, that hits are shown to exceed.
pub(crate) fn lower_bound(hits: f64, trials: f64, known: f64, claimed: f64, threshold: f64) -> f64 {
    let estimate = hits / trials;
    let (mut refuted, mut possible) = (known, estimate.min(claimed).max(known));
    for _ in 0..HALVINGS {
        let share = f64::midpoint(refuted, possible);
        if exceeds(hits, trials, share, claimed, threshold) {
            refuted = share;
        } else {
            possible = share;
        }
    }
    refuted
}

fn angle(share: f64) -> f64 {
    share.sqrt().asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::verdict::{Confidence, interval};

    fn threshold() -> f64 {
        -Confidence::default().error_rate().ln()
    }

    #[test]
    fn the_mean_ratio_is_a_fair_bet() {
        // Summed over all ways that n trials can go under the share that is to be refuted, the mean
        // ratio is 1: nothing is won on average by betting against the truth.
        let (share, claimed, trials) = (0.3f64, 0.8f64, 12u64);
        let mut mean = 0.0;
        for hits in 0..=trials {
            let ways: f64 = (0..hits).map(|k| (trials - k) as f64 / (k + 1) as f64).product();
            for bet in 0..BETS {
                let part = (bet as f64 + 0.5) / BETS as f64;
                let q = (angle(share) + (angle(claimed) - angle(share)) * part).sin().powi(2);
                let misses = i32::try_from(trials - hits).unwrap();
                let hits = i32::try_from(hits).unwrap();
                mean += ways * q.powi(hits) * (1.0 - q).powi(misses) / BETS as f64;
            }
        }
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn a_claim_needs_fewer_trials_than_a_measurement() {
        let shown = |n: u64| exceeds(n as f64, n as f64, 0.95, 1.0, threshold());
        let needed = (1..1_000).find(|&n| shown(n)).unwrap();
        assert!((150..170).contains(&needed), "{needed}");
        let measured = (1..1_000).find(|&n| interval(n, n, Confidence::default()).low >= 0.95);
        assert_eq!(measured, Some(198));
    }

    proptest! {
        #[test]
        fn what_is_shown_of_a_share_is_shown_of_all_below_it(
            trials in 1u64..5_000, part in 0.0..=1.0f64, a in 0.0..1.0f64, b in 0.0..1.0f64,
            claimed in 0.01..=1.0f64,
        ) {
            let trials = trials as f64;
            let hits = (part * trials).floor();
            let shown = |share| exceeds(hits, trials, share, claimed, threshold());
            prop_assert!(!shown(a.max(b)) || shown(a.min(b)));
            let more = exceeds(hits + 1.0, trials + 1.0, a, claimed, threshold());
            prop_assert!(!shown(a) || more || hits >= trials, "a hit more");
        }
    }
}
