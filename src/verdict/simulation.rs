//! The error rate, counted: seeded runs of load against claims that are true, false and on the
//! edge, each judged after every single request and stopped at the first decision.
//!
//! Judging some ten million times would take minutes, so `Table` asks `decide` once per number of
//! requests for the hits at which it changes its mind; the runs then only compare whole numbers. It
//! is what `judge` decides by that is counted. This file is about independent requests; `bursts` is
//! about those that share their fate.

mod bursts;

use super::judge::decide;
use super::{Bound, Confidence, Counts, Decision};
use crate::units::Percent;

const RUNS: u32 = 10_000;
/// Requests after which a run gives up undecided: ten thousand runs to here are ten million looks,
/// about half a second of work.
const HORIZON: u64 = 1_000;

/// The decision for every number of hits, per number of requests: as hits grow, it goes through at
/// most five runs of one decision (violated, undecided, met, undecided, violated).
struct Table {
    /// `changes[n]`: from how many hits on, which decision.
    changes: Vec<Vec<(u64, Decision)>>,
}

#[derive(Debug, Default)]
struct Tally {
    met: u32,
    violated: u32,
    undecided: u32,
    /// Requests used by all runs together.
    requests: u64,
}

impl Table {
    fn new(horizon: u64, decide: impl Fn(u64, u64) -> Decision) -> Self {
        let mut changes: Vec<Vec<(u64, Decision)>> = vec![Vec::new()];
        for trials in 1..=horizon {
            let mut row = vec![(0, decide(0, trials))];
            let mut from = 0;
            while row.len() < 6 {
                let now = row[row.len() - 1].1;
                // The next change: gallop along the hits, then halve. Runs of one decision are
                // contiguous, but a gallop could jump over a short one, so it goes by small steps;
                // a range that can just be met is then noticed a few requests late.
                let step = 1 + trials / 64;
                let mut probe = from;
                while probe <= trials && decide(probe, trials) == now {
                    probe += step;
                }
                if probe > trials && decide(trials, trials) == now {
                    break;
                }
                let (mut same, mut other) = (probe.saturating_sub(step), probe.min(trials));
                while other - same > 1 {
                    let middle = u64::midpoint(same, other);
                    if decide(middle, trials) == now { same = middle } else { other = middle }
                }
                row.push((other, decide(other, trials)));
                from = other;
            }
            changes.push(row);
        }
        Self { changes }
    }

    fn decision(&self, hits: u64, trials: u64) -> Decision {
        // A plain loop: this is the hot path, and tests are not optimised.
        let row = &self.changes[usize::try_from(trials).unwrap()];
        let mut at = row.len() - 1;
        while row[at].0 > hits {
            at -= 1;
        }
        row[at].1
    }

    /// Runs load whose true share of hits is `share`, looking after every request.
    fn simulate(&self, share: f64, seed: u64, runs: u32) -> Tally {
        let horizon = self.changes.len() as u64 - 1;
        let mut random = SplitMix(seed);
        let mut tally = Tally::default();
        for _ in 0..runs {
            let (mut hits, mut trials) = (0, 0);
            let decision = loop {
                trials += 1;
                hits += u64::from(random.fraction() < share);
                let decision = self.decision(hits, trials);
                if decision != Decision::Undecided || trials == horizon {
                    break decision;
                }
            };
            tally.add(decision, trials);
        }
        tally
    }
}

impl Tally {
    fn add(&mut self, decision: Decision, requests: u64) {
        self.requests += requests;
        match decision {
            Decision::Met => self.met += 1,
            Decision::Violated => self.violated += 1,
            Decision::Undecided => self.undecided += 1,
        }
    }
}

/// Steele, Lea and Flood's `SplitMix64`: small, seeded and good enough to draw hits with.
struct SplitMix(u64);

impl SplitMix {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn percent(percent: f64) -> Percent {
    Percent::new(percent).unwrap()
}

fn table(bound: Bound, confidence: Confidence, horizon: u64) -> Table {
    Table::new(horizon, |hits, trials| decide(&bound, Counts::exact(hits, trials), 1.0, confidence))
}

/// As many wrong verdicts as the stated rate allows in `RUNS` runs.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of RUNS")]
fn allowed(confidence: Confidence) -> u32 {
    (f64::from(RUNS) * confidence.error_rate()).round() as u32
}

/// Counts wrong verdicts with the true share inside, outside and on the edges of what is claimed.
/// On an edge the claim is true and a hair beside it is false: there both kinds must be rare.
#[track_caller]
fn check(bound: Bound, confidence: &str, inside: &[f64], outside: &[f64], edges: &[f64]) {
    let confidence: Confidence = confidence.parse().unwrap();
    let allowed = allowed(confidence);
    let table = table(bound, confidence, HORIZON);
    for (seed, share) in inside.iter().chain(edges).enumerate() {
        let tally = table.simulate(*share, seed as u64, RUNS);
        assert!(tally.violated <= allowed, "false failures at {share}: {tally:?}");
    }
    for (seed, share) in outside.iter().chain(edges).enumerate() {
        let tally = table.simulate(*share, seed as u64 + 1_000, RUNS);
        assert!(tally.met <= allowed, "false passes at {share}: {tally:?}");
    }
}

#[test]
fn the_stated_error_rate_holds_for_a_range() {
    // Wide enough that it can be met, rightly or wrongly, long before the horizon.
    let bound = Bound::Between(percent(60.0), percent(80.0));
    check(bound, "99.9%", &[0.70], &[0.55, 0.8001], &[0.60]);
}

#[test]
fn the_stated_error_rate_holds_for_a_low_confidence() {
    // 500 wrong verdicts are allowed here, so that the count is a sharper test than at 99.9%.
    check(Bound::AtLeast(percent(50.0)), "95%", &[0.52], &[0.48], &[0.5]);
}

#[test]
fn the_stated_error_rate_holds_at_the_end_of_the_scale() {
    check(Bound::AtMost(percent(1.0)), "99.9%", &[0.005], &[0.02], &[0.01]);
}

#[test]
fn all_and_none_pass_wrongly_no_more_often_than_stated() {
    // Exceptions exactly as common as `RARE`.
    check(Bound::Every, "99.9%", &[1.0], &[1.0 - crate::verdict::bound::RARE], &[]);
    check(Bound::No, "95%", &[0.0], &[crate::verdict::bound::RARE], &[]);
}

#[test]
fn clear_cases_are_decided_and_rightly() {
    // Fewer runs: what is asked here is not how rare the rare is.
    let (runs, confidence) = (1_000, Confidence::default());
    let between = table(Bound::Between(percent(75.0), percent(85.0)), confidence, 3_000);
    // True 90/10 under a claim of 80, five points outside: found out after some 900 requests.
    let wrong = between.simulate(0.90, 3, runs);
    assert_eq!((wrong.violated, wrong.met), (runs, 0), "{wrong:?}");
    assert!(wrong.requests / u64::from(runs) < 1_000, "{wrong:?}");
    // True 80/20 needs both ends inside: some 1,500 requests.
    let right = between.simulate(0.80, 4, runs);
    assert!(right.met > runs * 9 / 10 && right.violated == 0, "{right:?}");
    assert!(right.requests / u64::from(runs) < 1_700, "{right:?}");
    assert_eq!(table(Bound::Every, confidence, 200).simulate(1.0, 5, runs).met, runs);
    assert_eq!(table(Bound::No, confidence, 200).simulate(0.0, 7, runs).met, runs);
}

#[test]
fn an_interval_for_one_look_would_be_caught() {
    // The textbook's 95% interval, looked at after every request: shows that the simulation above
    // can fail.
    let naive = Table::new(HORIZON, |hits, trials| {
        let (h, n) = (hits as f64, trials as f64);
        let share = h / n;
        let margin = 1.96 * (share * (1.0 - share) / n).sqrt();
        match (trials >= 30, share - margin >= 0.5, share + margin < 0.5) {
            (true, true, _) => Decision::Met,
            (true, _, true) => Decision::Violated,
            _ => Decision::Undecided,
        }
    });
    let tally = naive.simulate(0.5, 9, RUNS);
    assert!(tally.met + tally.violated > RUNS / 5, "{tally:?}");
}
