//! How much load a mesh carries without strain: from which rate on answers take longer, or fail
//! more often, than they do when one request is sent at a time. Pure.
//!
//! One request after the other gives the measure, because it is as little load as there can be.
//! Then the rate rises in steps of six until it is what was asked for, or until a step shows
//! strain twice. Where the steps tell how much of all cores they use, the next one stops short of
//! using them up. What is then sent stays below the last step without strain. A load that the mesh
//! does not even carry at the first step goes down instead, by halves.
//!
//! Everything here is in requests per second of all clients together: they share the mesh.

use std::fmt;
use std::time::Duration;

use crate::load::{Conditions, Tally};

/// The first step: three clients that click now and then.
const FIRST: f64 = 10.0;

/// From step to step. Finer ones would find the limit more exactly and take longer; nobody needs
/// the limit, only a rate below it.
const STEP: f64 = 6.0;

/// A step with strain this many times the last one without leaves the answer too open.
const APART: f64 = 1.5;

/// A step of less than this many times the last one is not worth its time.
const WORTH: f64 = 1.2;

/// Below the last step without strain, where that is less than what is asked for: a queue has no
/// limit at the limit.
const BELOW: f64 = 0.8;

/// The least that is ever sent: one request in two seconds.
const LEAST: f64 = 0.5;

/// Strain is a middle answer that takes twice as long as one alone, and this much more: answers of
/// a few milliseconds differ by as much for any reason.
const SLOWER: f64 = 2.0;
const SLOWER_BY: Duration = Duration::from_millis(15);

/// More errors than with one request at a time, by this share.
const MORE_ERRORS: f64 = 0.10;

/// More of the requests than this late or unsent.
const BEHIND: f64 = 0.05;

/// A step in which the one who measures was kept waiting for longer than `STALL` in this share of
/// the time more than with one request at a time: the load takes the machine from itself. A machine
/// that stalls as much without it is no reason to send less.
const STALLED: f64 = 0.10;
const STALL: Duration = Duration::from_millis(20);

/// A step that uses more of all cores than this, and that much more than the calmest so far, is too
/// close to what the machine can do: what comes lasts longer, and its queues grow. One request at
/// a time is not always the calmest: what was started for the run may still be busy with itself.
const BUSY: f64 = 0.85;
const BUSIER: f64 = 0.10;

/// How much of all cores the next step may be expected to use.
const NEARLY_BUSY: f64 = 0.80;

/// A busy step that was to be expected to use less than this was busy with somebody else's work.
const ELSEWHERE: f64 = 0.50;

/// Half of the load that makes answers no quicker than this part of what they took is not what
/// slows them: the machine has become slower since it was measured.
const QUICKER: f64 = 0.7;

/// After load was found to be too much, how far it is eased, and how fast it comes back; no further
/// than this part of what is carried, below which it is not our load that is too much.
const EASE: f64 = 0.5;
const RECOVER: f64 = 1.5;
const EASED_MOST: f64 = 0.125;

/// What one step of load showed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// What became of its requests.
    pub tally: Tally,
    /// What the time was like.
    pub conditions: Conditions,
}

/// Why a step is too much.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Strain {
    /// Half of the answers took longer than this, and than that when sent alone; and what the
    /// machine says of it.
    Slower { now: Duration, alone: Duration, machine: String },
    /// So much of it failed, and so much when sent alone.
    Errors { now: f64, alone: f64 },
    /// So much of it could not be sent in time.
    Behind(f64),
    /// The machine that sends was kept waiting for so much of the time, and what it says.
    Stalled(f64, String),
    /// So much of that machine's cores was used, and what it says.
    Busy(f64, String),
}

/// What is known of how much load a mesh carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fit {
    /// One request at a time.
    alone: Option<Step>,
    /// The largest rate without strain; 0 before any.
    carried: f64,
    /// The smallest rate with strain, and which.
    strained: Option<(f64, Strain)>,
    /// Whether the step under way showed strain already: it must show it twice.
    doubted: bool,
    /// How much of all cores was used in the calmest step; none where that is not told.
    calmest: Option<f64>,
    /// The same of each step without strain, by its rate.
    used: Vec<(f64, f64)>,
    /// Whether a busy step was taken for somebody else's work: that is believed once.
    forgiven: bool,
    /// Less than what is carried, after a piece of load was too much nevertheless; none: all of it.
    eased: Option<f64>,
}

// === impl Step ===

impl Step {
    fn errors(&self) -> f64 {
        self.tally.failed() as f64 / self.tally.done.max(1) as f64
    }

    fn median(&self) -> Duration {
        self.tally.latency.all().quantile(0.5).unwrap_or_default()
    }

    /// Whether it was too much, next to one request at a time, and to how much of all cores was
    /// used in the calmest step.
    fn strain(&self, alone: &Self, calmest: Option<f64>) -> Option<Strain> {
        let Tally { due, late, unsent, .. } = self.tally;
        let behind = (late + unsent) as f64 / due.max(1) as f64;
        let stalled = self.conditions.share_later_than(STALL);
        let (now, before) = (self.median(), alone.median());
        if stalled > alone.conditions.share_later_than(STALL) + STALLED {
            return Some(Strain::Stalled(stalled, self.conditions.machine.in_words()));
        }
        if behind > BEHIND {
            return Some(Strain::Behind(behind));
        }
        if self.errors() > alone.errors() + MORE_ERRORS {
            return Some(Strain::Errors { now: self.errors(), alone: alone.errors() });
        }
        let machine = self.conditions.machine.in_words();
        if now > before.mul_f64(SLOWER) + SLOWER_BY {
            return Some(Strain::Slower { now, alone: before, machine });
        }
        let busy = self.conditions.machine.busy()?;
        (busy > BUSY && busy > calmest? + BUSIER).then_some(Strain::Busy(busy, machine))
    }
}

// === impl Fit ===

impl Fit {
    /// Whether one request at a time was looked at.
    pub(crate) fn has_measure(&self) -> bool {
        self.alone.is_some()
    }

    /// Notes one request at a time.
    pub(crate) fn measure(&mut self, alone: Step) {
        self.look_at(&alone);
        self.alone = Some(alone);
    }

    fn look_at(&mut self, step: &Step) {
        let busy = step.conditions.machine.busy();
        self.calmest = match (self.calmest, busy) {
            (Some(calmest), Some(busy)) => Some(calmest.min(busy)),
            (calmest, busy) => calmest.or(busy),
        };
    }

    /// The rate to try next on the way to this one; none once enough is known.
    pub(crate) fn next(&self, wanted: f64) -> Option<f64> {
        match &self.strained {
            _ if self.carried >= wanted => None,
            None if self.carried <= 0.0 => Some(FIRST.min(wanted)),
            None => self.worth((self.carried * STEP).min(wanted), wanted),
            // One more between the two, where they are far apart.
            Some((rate, _)) if self.carried > 0.0 && *rate > self.carried * APART => {
                self.worth((rate * self.carried).sqrt(), wanted)
            }
            // Not even the first step: downwards, until something is carried.
            Some((rate, _)) if self.carried <= 0.0 && *rate > LEAST => {
                Some((rate * EASE).max(LEAST))
            }
            Some(_) => None,
        }
    }

    /// A step to this rate, or as far as there are cores; none if that is hardly a step.
    fn worth(&self, rate: f64, wanted: f64) -> Option<f64> {
        let rate = rate.min(self.full());
        (rate >= wanted || rate > self.carried * WORTH).then_some(rate)
    }

    /// The rate that would nearly use up all cores, if it goes on as from the first step without
    /// strain to the last; infinite where that is not told, or is hardly to be seen.
    fn full(&self) -> f64 {
        let (Some((low, before)), Some((high, now))) = (self.used.first(), self.used.last()) else {
            return f64::INFINITY;
        };
        let grown = now - before;
        if grown < BUSIER {
            return f64::INFINITY;
        }
        high + (NEARLY_BUSY - now) / grown * (high - low)
    }

    /// Whether the step with strain was busy though the two nearest without any foretell that it
    /// would not be.
    fn was_busy_elsewhere(&self) -> bool {
        let ([.., (low, before), (high, now)], Some((rate, Strain::Busy(..)))) =
            (self.used.as_slice(), &self.strained)
        else {
            return false;
        };
        high > low && now + (now - before) / (high - low) * (rate - high) < ELSEWHERE
    }

    /// Notes what a rate showed.
    pub(crate) fn note(&mut self, rate: f64, step: &Step) {
        self.look_at(step);
        let alone = self.alone.clone().unwrap_or_default();
        match step.strain(&alone, self.calmest) {
            None => {
                self.carried = self.carried.max(rate);
                self.doubted = false;
                self.used.extend(step.conditions.machine.busy().map(|busy| (rate, busy)));
                if !self.forgiven && self.was_busy_elsewhere() {
                    (self.strained, self.forgiven) = (None, true);
                }
            }
            Some(_) if !self.doubted => self.doubted = true,
            Some(strain) if self.is_no_quicker(&strain) => {
                self.alone = Some(step.clone());
                (self.carried, self.strained, self.doubted) = (rate, None, false);
            }
            Some(strain) => {
                self.strained = Some((rate, strain));
                self.doubted = false;
            }
        }
    }

    /// Whether answers are as slow as they were with more load.
    fn is_no_quicker(&self, strain: &Strain) -> bool {
        match (&self.strained, strain) {
            (Some((_, Strain::Slower { now: with_more, .. })), Strain::Slower { now, .. }) => {
                self.carried <= 0.0 && *now > with_more.mul_f64(QUICKER)
            }
            _ => false,
        }
    }

    /// What may be sent of this rate, however starved the machine was: by claims that are not about
    /// time.
    pub(crate) fn carriable(&self, wanted: f64) -> f64 {
        let carried = match &self.strained {
            _ if self.carried >= wanted => wanted,
            _ if self.carried > 0.0 => self.carried * BELOW,
            Some((rate, _)) => (rate * EASE).max(LEAST),
            // Never tried: little.
            None => FIRST,
        };
        carried.min(wanted)
    }

    /// What may be sent of this rate.
    pub(crate) fn allowed(&self, wanted: f64) -> f64 {
        let eased = self.eased.unwrap_or(f64::INFINITY);
        self.carriable(wanted).min(eased).max(LEAST.min(wanted))
    }

    /// A piece of load at this rate was too much for the machine: the next one is less.
    pub(crate) fn ease(&mut self, rate: f64) {
        self.eased = Some((rate * EASE).max(self.carried * EASED_MOST).max(LEAST));
    }

    /// A piece of load at this rate was not too much: the next one may be more again.
    pub(crate) fn recover(&mut self, rate: f64) {
        self.eased = self.eased.map(|eased| eased.max(rate * RECOVER));
        if self.eased.is_some_and(|eased| eased >= self.carried) {
            self.eased = None;
        }
    }

    /// Why no more than that is sent, for a person.
    pub(crate) fn why(&self, wanted: f64) -> String {
        let alone = self.alone.as_ref().map(Step::median).unwrap_or_default();
        match &self.strained {
            _ if self.carried >= wanted => {
                format!("the mesh carries it: sent alone, half of the answers take {alone:.0?}")
            }
            Some((rate, strain)) => {
                let rate = rounded(*rate);
                // Slow answers of a machine that has no core left are not the mesh's.
                let on = if strain.machine().is_empty() { "" } else { " on this machine" };
                format!("the mesh does not carry {rate}/s{on}: {strain}")
            }
            None if self.carried > 0.0 => format!(
                "more than {}/s would use up the cores of this machine",
                rounded(self.carried)
            ),
            None => "what the mesh carries is not known".to_owned(),
        }
    }
}

// === impl Strain ===

impl Strain {
    /// What the machine says of it; empty if it is not known to have been short of anything.
    fn machine(&self) -> &str {
        match self {
            Self::Slower { machine, .. } | Self::Stalled(_, machine) | Self::Busy(_, machine) => {
                machine
            }
            Self::Errors { .. } | Self::Behind(_) => "",
        }
    }
}

impl fmt::Display for Strain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: &f64| format!("{:.0}%", share * 100.0);
        match self {
            Self::Slower { now, alone, .. } => {
                write!(f, "half of the answers took {now:.0?} or more there, {alone:.0?} alone")?;
            }
            Self::Errors { now, alone } => {
                write!(f, "{} failed there, {} alone", percent(now), percent(alone))?;
            }
            Self::Behind(share) => write!(f, "{} could not be sent in time", percent(share))?,
            Self::Stalled(share, _) => {
                write!(f, "this machine stalled for {} of the time", percent(share))?;
            }
            Self::Busy(share, _) => write!(f, "{} of its cores were used", percent(share))?,
        }
        let machine = self.machine();
        if machine.is_empty() { Ok(()) } else { write!(f, " ({machine})") }
    }
}

/// A rate as it is said: whole from 10 on, with a digit below.
pub(crate) fn rounded(rate: f64) -> String {
    if rate >= 10.0 { format!("{rate:.0}") } else { format!("{rate:.1}") }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;
    use crate::load::ledger::Answer;

    /// So many answers that took so long.
    fn step(answers: u32, took_ms: u64) -> Step {
        let mut tally = Tally::default();
        let due = Instant::now();
        for _ in 0..answers {
            tally.start();
            tally.send(due, due);
            let ended = due + Duration::from_millis(took_ms);
            tally.end(due, due, ended, Ok(Answer { status: 200, empty: false }));
        }
        Step { tally, conditions: Conditions::default() }
    }

    /// An application that answers in 50 ms, so many per second: what comes faster queues for half
    /// a second.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some milliseconds, never below 0"
    )]
    fn served(rate: f64, carries: f64) -> Step {
        let queue = ((rate - carries) / carries * 250.0).max(0.0);
        step(20, 50 + queue.round() as u64)
    }

    /// Answers of 60 ms while so much of all cores is used.
    fn used(percent: u64) -> Step {
        let mut step = step(20, 60);
        let machine = &mut step.conditions.machine;
        (machine.cores_us, machine.idle_us) = (Some(1_000), Some(1_000 - percent * 10));
        step
    }

    fn settle(wanted: f64, carries: f64) -> Fit {
        let mut fit = Fit::default();
        fit.measure(served(1.0, carries));
        for _ in 0..40 {
            let Some(rate) = fit.next(wanted) else { return fit };
            fit.note(rate, &served(rate, carries));
        }
        panic!("it never settled: {fit:?}");
    }

    #[test]
    fn fifty_per_second_on_what_carries_twenty_settles_below_twenty() {
        let fit = settle(50.0, 20.0);
        let allowed = fit.allowed(50.0);
        assert!((5.0..20.0).contains(&allowed), "{allowed}");
        let why = fit.why(50.0);
        assert!(why.starts_with("the mesh does not carry"), "{why}");
        assert!(why.contains("/s: half of the answers") && why.ends_with("alone"), "{why}");
    }

    #[test]
    fn a_machine_without_a_core_left_is_named_with_the_mesh() {
        let mut fit = Fit::default();
        fit.measure(step(10, 50));
        let mut slow = step(10, 500);
        slow.conditions.machine.elapsed_us = 1_000_000;
        slow.conditions.machine.throttled_us = Some(400_000);
        (0..2).for_each(|_| fit.note(10.0, &slow));
        assert_eq!(
            fit.why(10.0),
            "the mesh does not carry 10/s on this machine: half of the answers took 500ms or more \
             there, 50ms alone (40% throttled by the CPU quota)"
        );
    }

    #[test]
    fn what_is_carried_is_sent_as_asked() {
        let fit = settle(180.0, 1_000.0);
        assert!((fit.allowed(180.0) - 180.0).abs() < 1e-9);
        assert!(fit.why(180.0).contains("carries it"));
        // Less needs no more steps, more does.
        assert_eq!(fit.next(90.0), None);
        assert_eq!(fit.next(240.0), Some(240.0));
    }

    #[test]
    fn what_somebody_else_used_is_forgiven_once() {
        let mut fit = Fit::default();
        fit.measure(used(30));
        // Another program takes the machine for a while, and ends.
        (0..2).for_each(|_| fit.note(10.0, &used(92)));
        fit.note(5.0, &used(30));
        assert!(fit.next(60.0).is_some_and(|rate| rate < 10.0), "what is known so far");
        fit.note(7.0, &used(31));
        let rate = fit.next(60.0).expect("it goes on");
        assert!(rate > 40.0, "{rate}");
        (0..2).for_each(|_| fit.note(rate, &used(92)));
        fit.note(17.0, &used(34));
        assert!(fit.next(60.0).is_none_or(|again| again < rate), "not for ever");
        assert!(fit.why(60.0).starts_with("the mesh does not carry 42/s"), "{}", fit.why(60.0));
    }

    #[test]
    fn no_step_uses_up_all_cores() {
        let mut fit = Fit::default();
        fit.measure(used(25));
        fit.note(10.0, &used(25));
        assert_eq!(fit.next(132.0), Some(60.0), "one step does not tell what the next will use");
        fit.note(60.0, &used(55));
        // 0.6% for each request per second: 80% at 101.7/s.
        let next = fit.next(132.0).expect("one more step");
        assert!((101.0..102.0).contains(&next), "{next}");
        fit.note(next, &used(78));
        assert_eq!(fit.next(132.0), None, "no step is left that is worth it");
        assert!((fit.allowed(132.0) - next * BELOW).abs() < 1e-9);
        assert_eq!(fit.why(132.0), "more than 102/s would use up the cores of this machine");
        // The mesh is on other machines.
        let mut elsewhere = Fit::default();
        elsewhere.measure(used(25));
        for (rate, percent) in [(10.0, 25), (60.0, 30)] {
            elsewhere.note(rate, &used(percent));
        }
        assert_eq!(elsewhere.next(132.0), Some(132.0));
    }

    #[test]
    fn one_hiccup_is_not_strain() {
        let mut fit = Fit::default();
        fit.measure(step(10, 50));
        fit.note(10.0, &step(10, 500));
        assert_eq!(fit.next(100.0), Some(10.0));
        fit.note(10.0, &step(10, 50));
        assert_eq!(fit.next(100.0), Some(60.0));
    }

    #[test]
    fn a_machine_that_has_become_slower_is_measured_again() {
        let mut fit = Fit::default();
        fit.measure(step(10, 60));
        // It takes 300 ms from now on, however little is sent, and 900 at more than 40 per second.
        let took = |rate: f64| if rate > 40.0 { 900 } else { 300 };
        for _ in 0..40 {
            let Some(rate) = fit.next(100.0) else { break };
            fit.note(rate, &step(10, took(rate)));
        }
        assert_eq!(fit.next(100.0), None, "it settled: {fit:?}");
        let allowed = fit.allowed(100.0);
        assert!((5.0..40.0).contains(&allowed), "{allowed}: {}", fit.why(100.0));
    }

    #[test]
    fn easing_ends_where_it_is_not_our_load_that_is_too_much() {
        let mut fit = settle(80.0, 1_000.0);
        (0..20).for_each(|_| fit.ease(fit.allowed(80.0)));
        assert!((fit.allowed(80.0) - 10.0).abs() < 1e-9);
        assert!((fit.carriable(80.0) - 80.0).abs() < 1e-9, "other claims are not touched by it");
    }

    #[test]
    fn a_piece_that_was_too_much_eases_the_next_ones() {
        let mut fit = settle(90.0, 1_000.0);
        fit.ease(90.0);
        assert!((fit.allowed(90.0) - 45.0).abs() < 1e-9);
        fit.ease(45.0);
        assert!(fit.allowed(90.0) < 23.0);
        for _ in 0..9 {
            fit.recover(fit.allowed(90.0));
        }
        assert!((fit.allowed(90.0) - 90.0).abs() < 1e-9);
    }

    #[test]
    fn errors_and_stalls_and_missed_plans_are_strain_too() {
        let alone = step(20, 50);
        let mut failing = step(20, 50);
        failing.tally.by_status = [(200, 10), (503, 10)].into();
        assert!(matches!(failing.strain(&alone, None), Some(Strain::Errors { .. })));
        let mut stalled = step(20, 50);
        (0..5).for_each(|_| stalled.conditions.lag.record(Duration::from_millis(80)));
        assert!(matches!(stalled.strain(&alone, None), Some(Strain::Stalled(..))));
        assert_eq!(
            stalled.strain(&stalled, None),
            None,
            "the machine stalls without any load, too"
        );
        assert!(matches!(used(95).strain(&alone, Some(0.3)), Some(Strain::Busy(..))));
        assert_eq!(used(80).strain(&alone, Some(0.3)), None);
        assert_eq!(used(95).strain(&alone, Some(0.9)), None, "somebody else uses them");
        assert_eq!(used(95).strain(&alone, None), None, "nobody knows what was used before");
        // What was started for the run was busy when one request at a time was sent.
        let mut fit = Fit::default();
        fit.measure(used(92));
        for (rate, percent) in [(10.0, 40), (60.0, 70), (130.0, 96), (130.0, 96)] {
            fit.note(rate, &used(percent));
        }
        assert!(fit.why(130.0).contains("does not carry 130/s"), "{}", fit.why(130.0));
        let mut behind = step(20, 50);
        behind.tally.due += 10;
        behind.tally.unsent += 10;
        assert!(matches!(behind.strain(&alone, None), Some(Strain::Behind(_))));
        assert_eq!(step(20, 90).strain(&alone, None), None);
    }

    proptest! {
        #[test]
        fn it_always_settles_at_what_is_carried(
            wanted in 0.5..2_000.0f64, carries in 1.0..2_000.0f64,
        ) {
            let allowed = settle(wanted, carries).allowed(wanted);
            prop_assert!(allowed <= wanted + 1e-9 && allowed > 0.0);
            // The strain that is noticed begins a little above what is carried.
            prop_assert!(allowed <= carries * 1.3, "{allowed} of {carries}");
        }
    }
}
