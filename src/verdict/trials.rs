//! Evidence as it came, block by block, and what it is worth: how many independent trials it is as
//! good as. Pure.
//!
//! **Why.** Requests come in bursts that share a fate: while a breaker is open, while a host is
//! ejected, on a connection that is reused. Twenty requests that share one fate tell as much as
//! one. Bets and confidence sequences that take them for twenty err in most runs.
//!
//! **Method.** Hits and trials are divided by the *design effect* D before they are judged: by how
//! much the variance of the count exceeds that of as many independent trials. It is seen in the
//! blocks. With residuals r = hits - share * trials of K batches of blocks,
//!
//! ```text
//! D = (S_0 + 2 S_1 + … + 2 S_L) / (trials * share * (1 - share)),  S_l = sum of r_i r_{i + l}
//! ```
//!
//! where the sum ends before the first covariance that is not positive (Geyer's initial sequence):
//! bursts straddle the border of blocks, and one that is longer than a block makes neighbours
//! alike. Batches are merged in pairs as they become many, so that they outgrow any burst.
//!
//! An estimate from few batches is as often too small as too large. As with Student's t, not
//! knowing the variance costs a factor: with f degrees of freedom, the likelihood ratio of a known
//! variance, e^A, becomes `(1 + 2A / (fD))^(f / 2)`, so that the evidence A that reaches ln 1/alpha
//! = T grows by `c = f (e^(2T / f) - 1) / (2T)`. The degrees of freedom are the batches, less what
//! their likeness costs, but no more than bursts of the rarer outcome were seen: a lone miss
//! among hits says little of how long misses last. One burst, which may be going on, and one batch
//! do not count.
//!
//! **What cannot be seen.** Evidence that is all alike has no variance: nobody can tell a thousand
//! independent hits from twenty bursts of fifty. There `burst` decides, the length that bursts are
//! taken to have until the blocks show otherwise: D is at least what was seen, and at most c times
//! that or `burst`, whichever is less. Once independence is refuted by the blocks, `burst` no
//! longer limits it.
//!
//! **What holds.** This is no theorem: `simulation` shows that both error rates hold for fixed
//! bursts of up to `burst` and for bursts of random (geometric) length whose mean is up to half of
//! it, which is the same design effect. With a `burst` of 1 (the default) they hold for
//! independent trials alone. Longer bursts are noticed as soon as both outcomes were seen some
//! times, and then count for what they are; but a decision may fall before.
//!
//! **Sources.** L. Kish, Survey Sampling, 1965 (design effect); C. J. Geyer, Practical Markov chain
//! Monte Carlo, Statist. Sci. 7, 1992 (initial sequences); Student, The probable error of a mean,
//! Biometrika 6, 1908; B. W. Schmeiser, Batch size effects in the analysis of simulation output,
//! Oper. Res. 30, 1982 (some 10 to 30 batches suffice).

use crate::verdict::confidence_sequence::Confidence;
use crate::verdict::counts::Counts;

/// Batches are merged in pairs when there are so many. Between 32 and 64 of them the variance is
/// known well enough: not to know it better costs a fifth more trials.
const BATCHES_MAX: usize = 64;

/// How many batches after one its likeness is looked for: bursts are covered that are up to so many
/// times as long as a batch, even before batches were merged.
const LAGS_MAX: usize = 16;

/// Fewer trials make no batch: bursts would outlast as many batches as are looked at, and two rare
/// outcomes would stand apart that belong to one burst.
const BATCH_MIN: u64 = 10;

/// Evidence against independence (a log likelihood ratio) from which on the blocks are believed
/// rather than `burst`. Independent trials reach it in some two looks of a hundred, and then lose
/// some time.
const REFUTED: f64 = 2.0;

/// Trials in the order in which they came, and how long their bursts may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trials {
    total: Counts,
    /// Batches of whole blocks.
    batches: Vec<Counts>,
    /// How many trials fill a batch, and the one that is being filled.
    batch: u64,
    open: Counts,
    burst: u32,
}

/// What the blocks say of one count's variance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Dispersion {
    /// The design effect as estimated.
    seen: f64,
    /// How much is known of it; 0 without knowledge.
    freedom: f64,
}

// === impl Trials ===

impl Trials {
    /// No trials yet. `burst` is how many in a row may share one fate without that it shows: 1
    /// where each trial draws its own fate (Envoy's faults and weights do), 50 where the
    /// configuration makes bursts (pool limits, outlier detection, retries, connections). 0 is
    /// taken for 1.
    #[must_use]
    pub fn new(burst: u32) -> Self {
        let none = Counts::default();
        Self { total: none, batches: Vec::new(), batch: BATCH_MIN, open: none, burst: burst.max(1) }
    }

    /// The same trials with another `burst`.
    #[must_use]
    pub fn with_burst(self, burst: u32) -> Self {
        Self { burst: burst.max(1), ..self }
    }

    /// Adds the trials of the next slice of time. The shorter the slices, the sooner the blocks
    /// tell; one without trials tells nothing.
    pub fn push(&mut self, block: Counts) {
        if block.trials == 0 && block.possible == 0 {
            return;
        }
        self.total = self.total.and(block);
        self.open = self.open.and(block);
        if self.open.trials < self.batch {
            return;
        }
        self.batches.push(std::mem::take(&mut self.open));
        if self.batches.len() == BATCHES_MAX {
            self.batches = self.batches.chunks(2).map(sum).collect();
            // As many as the batches that there are have on average.
            self.batch = sum(&self.batches).trials / self.batches.len() as u64;
        }
    }

    /// All trials together.
    #[must_use]
    pub const fn total(&self) -> Counts {
        self.total
    }

    /// How many trials in a row may share one fate without that it shows.
    #[must_use]
    pub const fn burst(&self) -> u32 {
        self.burst
    }

    /// By how much the trials are divided before they are judged: 1 if each counts in full.
    #[must_use]
    pub fn design_effect(&self, confidence: Confidence) -> f64 {
        self.design_effect_after(1.0, confidence)
    }

    /// The same once there are so many times the trials, if they go on as they came.
    pub(crate) fn design_effect_after(&self, times: f64, confidence: Confidence) -> f64 {
        let effect = |dispersion: Dispersion| {
            let Dispersion { seen, freedom } = dispersion;
            let allowed =
                if dispersion.refutes_independence() { f64::INFINITY } else { self.burst.into() };
            (seen * student(freedom * times, confidence.threshold())).min(allowed).max(seen)
        };
        let [certain, possible] = self.dispersions().map(effect);
        // Less than one trial is none.
        certain.max(possible).min((self.total.trials as f64 * times).max(1.0))
    }

    /// How long the bursts seem to be (as a design effect) if the blocks show that there are any:
    /// the `burst` for other counts of the same requests.
    #[must_use]
    pub fn bursts_shown(&self) -> Option<u32> {
        let shown = self.dispersions().into_iter().filter(|d| d.refutes_independence());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and no burst is that long"
        )]
        shown.map(|dispersion| dispersion.seen.ceil() as u32).max()
    }

    /// Of the certain and of the possible hits.
    fn dispersions(&self) -> [Dispersion; 2] {
        let certain = self.dispersion(|counts| counts.certain);
        if self.total.certain == self.total.possible {
            // Nearly always: then they agree in each block.
            return [certain; 2];
        }
        [certain, self.dispersion(|counts| counts.possible)]
    }

    fn dispersion(&self, hits: impl Fn(&Counts) -> u64) -> Dispersion {
        let (h, n) = (hits(&self.total) as f64, self.total.trials as f64);
        let (share, rarer) = (h / n, h.min(n - h));
        if self.batches.len() < 2 || rarer < 1.0 {
            return Dispersion::UNKNOWN;
        }
        let residual = |batch: &Counts| hits(batch) as f64 - share * batch.trials as f64;
        let residuals: Vec<f64> = self.batches.iter().map(residual).collect();
        let own: f64 = residuals.iter().map(|r| r * r).sum();
        let mut long_run = own;
        for lag in 1..=LAGS_MAX.min(residuals.len() - 1) {
            let covariance: f64 = residuals.iter().zip(&residuals[lag..]).map(|(a, b)| a * b).sum();
            if covariance <= 0.0 {
                break;
            }
            long_run += 2.0 * covariance;
        }
        let batches = residuals.len() as f64;
        let closed = sum(&self.batches).trials as f64;
        let likeness = if own > 0.0 { long_run / own } else { 1.0 };
        // The residuals are from the mean of the very same batches: that makes them too small.
        let seen =
            long_run / (closed * share * (1.0 - share)) * (batches / (batches - likeness).max(1.0));
        let of_batches = (batches - 1.0) / likeness - 1.0;
        let of_bursts = rarer / seen.max(1.0) - 1.0;
        if of_batches <= 0.0 || of_bursts <= 0.0 {
            return Dispersion { seen: seen.max(1.0), freedom: 0.0 };
        }
        let freedom = 1.0 / (1.0 / of_batches + 1.0 / of_bursts);
        Dispersion { seen: seen.max(1.0), freedom }
    }
}

impl Default for Trials {
    /// None yet, and independent until the blocks show otherwise.
    fn default() -> Self {
        Self::new(1)
    }
}

impl From<Counts> for Trials {
    /// Counts without their order, taken to be independent.
    fn from(total: Counts) -> Self {
        Self { total, ..Self::default() }
    }
}

impl FromIterator<Counts> for Trials {
    fn from_iter<I: IntoIterator<Item = Counts>>(blocks: I) -> Self {
        let mut trials = Self::default();
        blocks.into_iter().for_each(|block| trials.push(block));
        trials
    }
}

// === impl Dispersion ===

impl Dispersion {
    /// All alike, or in one piece.
    const UNKNOWN: Self = Self { seen: 1.0, freedom: 0.0 };

    /// Whether independent trials would hardly spread so much: the likelihood ratio of a variance
    /// with that many degrees of freedom.
    fn refutes_independence(self) -> bool {
        self.freedom / 2.0 * (self.seen - 1.0 - self.seen.ln()) >= REFUTED
    }
}

/// How much more evidence reaches the threshold where the variance is known with so many degrees of
/// freedom only.
fn student(freedom: f64, threshold: f64) -> f64 {
    if freedom <= 0.0 {
        return f64::INFINITY;
    }
    let part = 2.0 * threshold / freedom;
    part.exp_m1() / part
}

pub(crate) fn sum(batches: &[Counts]) -> Counts {
    batches.iter().fold(Counts::default(), |sum, batch| sum.and(*batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(number: u64, hits: impl Fn(u64) -> u64, trials: u64) -> Trials {
        (0..number).map(|block| Counts::exact(hits(block), trials)).collect()
    }

    fn design_effect(trials: &Trials) -> f64 {
        trials.design_effect(Confidence::default())
    }

    #[test]
    fn what_is_all_alike_counts_for_its_bursts() {
        for hits in [0, 10] {
            let alike = blocks(50, |_| hits, 10);
            assert!((design_effect(&alike) - 1.0).abs() < 1e-12);
            assert!((design_effect(&alike.clone().with_burst(20)) - 20.0).abs() < 1e-12);
            assert_eq!(alike.bursts_shown(), None);
        }
        // Counts without their order tell nothing of bursts either.
        let unordered = Trials::from(Counts::exact(70, 100));
        assert!((design_effect(&unordered) - 1.0).abs() < 1e-12);
        assert!((design_effect(&unordered.with_burst(20)) - 20.0).abs() < 1e-12);
        assert_eq!(Trials::new(0), Trials::default());
    }

    #[test]
    fn blocks_of_one_fate_each_are_noticed() {
        // Each block is as good as one trial.
        let bursts = blocks(120, |block| if block * 7 % 20 < 8 { 0 } else { 10 }, 10);
        let spread =
            blocks(120, |block| [5, 7, 6, 4, 8, 6][usize::try_from(block % 6).unwrap()], 10);
        assert!(bursts.bursts_shown().is_some_and(|length| length >= 8), "{bursts:?}");
        assert_eq!(spread.bursts_shown(), None);
        assert!(design_effect(&bursts) > 8.0 && design_effect(&spread) < 1.2);
    }

    #[test]
    fn bursts_longer_than_a_block_are_noticed() {
        // Twelve blocks in a row have one fate; forty such bursts, in no regular order.
        let bursts = blocks(480, |block| if block / 12 * 7 % 20 < 8 { 0 } else { 10 }, 10);
        assert!(bursts.bursts_shown().is_some_and(|length| length > 60), "{bursts:?}");
    }

    #[test]
    fn a_lone_miss_says_little_of_how_long_misses_last() {
        let lone = blocks(40, |block| if block == 20 { 9 } else { 10 }, 10).with_burst(50);
        assert!((design_effect(&lone) - 50.0).abs() < 1e-12);
        let ten = blocks(40, |block| if block % 4 == 2 { 9 } else { 10 }, 10).with_burst(50);
        assert!(design_effect(&ten) < 4.0, "{}", design_effect(&ten));
    }

    #[test]
    fn batches_stay_few_and_lose_nothing() {
        let mut trials = Trials::default();
        for block in 0..10_000 {
            trials.push(Counts::exact(block % 4, 7));
            trials.push(Counts::default());
            assert!(trials.batches.len() < BATCHES_MAX);
        }
        assert_eq!(trials.total(), Counts::exact(15_000, 70_000));
        assert_eq!(sum(&trials.batches).and(trials.open), trials.total());
        assert!(trials.batches.len() > BATCHES_MAX / 4, "{}", trials.batches.len());
    }

    #[test]
    fn trials_that_may_be_hits_are_looked_at_from_both_sides() {
        // All certain hits alike; the possible ones come in bursts.
        let possible = |block: u64| if block % 8 < 4 { 10 } else { 5 };
        let trials: Trials = (0..100)
            .map(|block| Counts { certain: 5, possible: possible(block), trials: 10 })
            .collect();
        assert!(design_effect(&trials) > 2.0, "{}", design_effect(&trials));
    }
}
