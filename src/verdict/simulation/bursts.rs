//! The error rates of requests that come in bursts of one fate, counted: blocks of them, judged
//! after each block and stopped at the first decision.

use proptest::prelude::*;

use super::{RUNS, SplitMix, Tally, allowed, percent};
use crate::verdict::judge::decide;
use crate::verdict::{Bound, Confidence, Counts, Decision, Trials, confidence_sequence};

/// What the bursts are taken to be at most, and the lengths that they have.
const BURST: u32 = 50;
const BURSTS: [Burst; 4] = [Burst::Fixed(1), Burst::Fixed(5), Burst::Fixed(20), Burst::Fixed(50)];

/// How many requests in a row share one fate.
#[derive(Debug, Clone, Copy)]
enum Burst {
    Fixed(u32),
    /// Of random length, any further request with the same chance; with this mean.
    Geometric(u32),
}

/// Requests of which a share are hits, arriving in blocks of half to one and a half of a size.
struct Load {
    share: f64,
    burst: Burst,
    block: u64,
    random: SplitMix,
    /// What is left of the burst that is under way, and its fate.
    left: u64,
    hit: bool,
}

impl Load {
    fn new(share: f64, burst: Burst, block: u64, seed: u64) -> Self {
        Self { share, burst, block, random: SplitMix(seed), left: 0, hit: false }
    }

    fn below(&mut self, limit: u64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a small whole number"
        )]
        let below = (self.random.fraction() * limit as f64) as u64;
        below
    }

    fn next_burst(&mut self) {
        self.hit = self.random.fraction() < self.share;
        self.left = match self.burst {
            Burst::Fixed(length) => u64::from(length),
            Burst::Geometric(mean) => {
                let goes_on = 1.0 - 1.0 / f64::from(mean);
                let length = (1.0 - self.random.fraction()).ln() / goes_on.ln();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "some fifty times the mean at most"
                )]
                let length = length as u64;
                1 + length
            }
        };
    }

    /// Begins anew, somewhere in a burst.
    fn restart(&mut self) {
        self.next_burst();
        if let Burst::Fixed(length) = self.burst {
            self.left = 1 + self.below(u64::from(length));
        }
    }

    fn next_block(&mut self) -> Counts {
        let trials = self.block / 2 + self.below(self.block + 1);
        let (mut hits, mut missing) = (0, trials);
        while missing > 0 {
            if self.left == 0 {
                self.next_burst();
            }
            let part = missing.min(self.left);
            hits += if self.hit { part } else { 0 };
            self.left -= part;
            missing -= part;
        }
        Counts::exact(hits, trials)
    }

    fn run(
        &mut self,
        bound: Bound,
        confidence: Confidence,
        trials: &Trials,
        horizon: u64,
    ) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..RUNS {
            self.restart();
            let mut trials = trials.clone();
            let decision = loop {
                trials.push(self.next_block());
                let decision = decided(bound, &trials, confidence);
                if decision != Decision::Undecided || trials.total().trials >= horizon {
                    break decision;
                }
            };
            tally.add(decision, trials.total().trials);
        }
        tally
    }
}

/// What `judge` decides, without its interval; and without its design effect where nothing would be
/// decided even if each request counted in full, and by the best of all bets.
fn decided(bound: Bound, trials: &Trials, confidence: Confidence) -> Decision {
    let (counts, claimed) = (trials.total(), bound.claimed());
    let (hits, n) = (counts.certain as f64, counts.trials as f64);
    let little = |end: f64| {
        let (hits, share) = if hits > end * n { (hits, end) } else { (n - hits, 1.0 - end) };
        share <= 0.0 || confidence_sequence::divergence(hits, n, share) < confidence.threshold()
    };
    let by_one = matches!(bound, Bound::Every | Bound::No | Bound::Some);
    if !by_one && little(claimed.low) && little(claimed.high) {
        return Decision::Undecided;
    }
    decide(&bound, counts, trials.design_effect(confidence), confidence)
}

/// Counts wrong verdicts of claims about bursts with the true share inside, outside and on the edge
/// of what is claimed.
#[track_caller]
fn check(bound: Bound, confidence: &str, bursts: &[Burst], [inside, edge, outside]: [f64; 3]) {
    let confidence: Confidence = confidence.parse().unwrap();
    let allowed = allowed(confidence);
    for (seed, burst) in (1..).zip(bursts) {
        let tally = |share: f64| {
            let mut load = Load::new(share, *burst, 30, seed);
            load.run(bound, confidence, &Trials::new(BURST), 1_500)
        };
        let (inside, edge, outside) = (tally(inside), tally(edge), tally(outside));
        assert!(inside.violated <= allowed, "inside, {burst:?}: {inside:?}");
        assert!(edge.violated <= allowed && edge.met <= allowed, "edge, {burst:?}: {edge:?}");
        assert!(outside.met <= allowed, "outside, {burst:?}: {outside:?}");
    }
}

#[test]
fn at_least_holds_in_bursts() {
    check(Bound::AtLeast(percent(50.0)), "95%", &BURSTS, [0.55, 0.50, 0.45]);
}

#[test]
fn at_most_holds_in_bursts() {
    check(Bound::AtMost(percent(20.0)), "99.9%", &BURSTS, [0.15, 0.20, 0.25]);
}

#[test]
fn a_range_holds_in_bursts() {
    check(Bound::Between(percent(60.0), percent(80.0)), "99.9%", &BURSTS, [0.70, 0.80, 0.85]);
}

#[test]
fn bursts_of_random_length_are_covered_too() {
    let bursts = [Burst::Geometric(5), Burst::Geometric(25)];
    check(Bound::AtLeast(percent(80.0)), "99.9%", &bursts, [0.85, 0.80, 0.77]);
}

#[test]
fn small_and_large_blocks_hold_in_bursts() {
    let (bound, confidence) = (Bound::AtLeast(percent(80.0)), Confidence::default());
    for (block, horizon) in [(6, 400), (100, 1_500)] {
        for burst in [Burst::Fixed(20), Burst::Geometric(10)] {
            let mut load = Load::new(0.8, burst, block, 11);
            let tally = load.run(bound, confidence, &Trials::new(BURST), horizon);
            let wrong = tally.met.max(tally.violated);
            assert!(wrong <= allowed(confidence), "{block}, {burst:?}: {tally:?}");
        }
    }
}

#[test]
fn bursts_just_as_long_as_said_hold() {
    let (bound, confidence) = (Bound::AtLeast(percent(80.0)), Confidence::default());
    for burst in [5, 20] {
        for share in [0.8, 0.77] {
            let mut load = Load::new(share, Burst::Fixed(burst), 30, 12);
            let tally = load.run(bound, confidence, &Trials::new(burst), 1_500);
            assert!(tally.met <= allowed(confidence), "{burst} at {share}: {tally:?}");
            let violated = if share < 0.8 { 0 } else { tally.violated };
            assert!(violated <= allowed(confidence), "{burst} at {share}: {tally:?}");
        }
    }
}

#[test]
fn all_none_and_some_hold_for_bursts_as_long_as_said() {
    // Exceptions as common as `RARE`. One of them decides, so that most runs are short.
    let confidence = Confidence::default();
    let rare = crate::verdict::bound::RARE;
    for burst in [1, 5, 20, 50] {
        let wrong = |bound: Bound, share: f64, decision: Decision| {
            let mut load = Load::new(share, Burst::Fixed(burst), 60, 21);
            let horizon = 170 * u64::from(burst);
            let tally = load.run(bound, confidence, &Trials::new(burst), horizon);
            let wrong = if decision == Decision::Met { tally.met } else { tally.violated };
            assert!(wrong <= allowed(confidence), "{bound}, {burst}: {tally:?}");
        };
        wrong(Bound::Every, 1.0 - rare, Decision::Met);
        wrong(Bound::No, rare, Decision::Met);
        wrong(Bound::Some, rare, Decision::Violated);
    }
    // Where they hold, they are met: by so many times as many as bursts are taken to be long.
    let mut load = Load::new(1.0, Burst::Fixed(1), 60, 22);
    let tally = load.run(Bound::Every, confidence, &Trials::new(20), 170 * 20);
    assert_eq!(tally.met, RUNS, "{tally:?}");
    // And they would not hold for bursts that are longer than said.
    let mut load = Load::new(1.0 - rare, Burst::Fixed(20), 60, 23);
    let tally = load.run(Bound::Every, confidence, &Trials::new(5), 170 * 5);
    assert!(tally.met > 50 * allowed(confidence), "{tally:?}");
}

#[test]
fn to_count_every_request_in_full_would_be_caught() {
    // Without blocks there is no design effect: shows that the simulation can fail.
    let (bound, confidence) = (Bound::Between(percent(60.0), percent(80.0)), Confidence::default());
    let mut load = Load::new(0.70, Burst::Fixed(20), 40, 31);
    let mut wrong = 0;
    for _ in 0..1_000 {
        load.restart();
        let mut counts = Counts::default();
        let decision = loop {
            counts = counts.and(load.next_block());
            let decision = decided(bound, &counts.into(), confidence);
            if decision != Decision::Undecided || counts.trials >= 1_000 {
                break decision;
            }
        };
        wrong += u32::from(decision == Decision::Violated);
    }
    assert!(wrong > 400, "{wrong} of 1000 true claims are violated");
}

#[test]
fn independent_requests_cost_little() {
    let confidence = Confidence::default();
    let between = Bound::Between(percent(60.0), percent(80.0));
    let mean = |bound: Bound, share: f64, of: &dyn Fn(&Trials) -> Trials| {
        let mut load = Load::new(share, Burst::Fixed(1), 20, 41);
        let mut requests = 0;
        for _ in 0..500 {
            load.restart();
            let mut trials = Trials::default();
            while decided(bound, &of(&trials), confidence) == Decision::Undecided {
                trials.push(load.next_block());
            }
            requests += trials.total().trials;
        }
        requests / 500
    };
    for (bound, share) in [
        (between, 0.7),
        (between, 0.5),
        (between, 0.9),
        (Bound::AtLeast(percent(80.0)), 0.9),
        (Bound::AtMost(percent(50.0)), 0.2),
        (Bound::AtLeast(percent(95.0)), 0.99),
        (Bound::Every, 1.0),
    ] {
        let known = mean(bound, share, &|trials| Trials::from(trials.total()));
        let found_out = mean(bound, share, &Trials::clone);
        assert!(found_out * 10 <= known * 13, "{bound}, {share}: {found_out} and {known}");
    }
}

#[test]
fn long_bursts_are_noticed_whatever_was_said_of_them() {
    // Nine times in ten each is known within a factor of two or so after the requests of a long
    // observation (which are thirty bursts of fifty), and independent requests do not look like
    // bursts.
    for (burst, shown) in [(1, 0..=3), (5, 3..=9), (20, 10..=40), (50, 20..=100)] {
        let mut load = Load::new(0.7, Burst::Fixed(burst), 30, 51);
        let mut inside = 0;
        for _ in 0..500 {
            load.restart();
            let mut trials = Trials::default();
            while trials.total().trials < 1_500 {
                trials.push(load.next_block());
            }
            inside += u32::from(shown.contains(&trials.bursts_shown().unwrap_or_default()));
        }
        assert!(inside > 450, "{burst}: {inside} of 500");
    }
}

proptest! {
    #[test]
    fn a_design_effect_only_ever_makes_a_verdict_more_careful(
        trials in 1u64..2_000, part in 0.0..=1.0f64, a in 0.0..=100.0f64, b in 0.0..=100.0f64,
        design_effect in 1.0..60.0f64,
    ) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of the trials is a count"
        )]
        let counts = Counts::exact((part * trials as f64) as u64, trials);
        let (low, high) = (percent(a.min(b)), percent(a.max(b)));
        for bound in [
            Bound::AtLeast(low), Bound::AtMost(high), Bound::Between(low, high), Bound::Every,
            Bound::No, Bound::Some,
        ] {
            let full = decide(&bound, counts, 1.0, Confidence::default());
            let careful = decide(&bound, counts, design_effect, Confidence::default());
            prop_assert!(careful == full || careful == Decision::Undecided, "{bound:?}");
        }
    }
}
