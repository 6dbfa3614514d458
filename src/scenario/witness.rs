//! Whether a piece of load was sent and answered under conditions in which times mean something.
//! Pure.
//!
//! The rule never looks at how the claim came out: it knows the conditions and the claim's own
//! limit, nothing of the answers. So leaving a starved piece out changes no error rate. What
//! starvation adds to an answer is some number of stalls, one at each of the processes that the
//! request passes; a claim about seconds bears more of it than one about tenths.

use std::time::Duration;

use super::expectation::Property;
use crate::load::{Conditions, Tally};
use crate::units::Span;

/// No single stall longer than this part of a claim's limit: two of them, and what else there is,
/// still leave the answer on its side.
const LONGEST_PART: f64 = 0.25;

/// Stalls of this part of a claim's limit may be no more frequent than `OFTEN`: a request passes
/// some ten processes, each of which may wait so long.
const COMMON_PART: f64 = 0.025;
const OFTEN: f64 = 0.05;

/// What is told of a stall below this is noise of any machine, whatever the claim.
const LEAST_STALL: Duration = Duration::from_millis(12);

/// More than this share of the requests late by more than the common stall, and the plan was not
/// kept.
const LATE: f64 = 0.05;

/// More than this share never sent: those would have been the slowest.
const UNSENT: f64 = 0.001;

/// The limit of a claim about time on which the tolerance depends: what lies between its ends, or
/// its only end. `None` for any other claim: nothing else is touched by starvation.
pub(super) fn limit(property: &Property) -> Option<Duration> {
    let Property::Takes { low, high } = property else { return None };
    match (low.map(Span::duration), high.map(Span::duration)) {
        (Some(low), Some(high)) => Some(high.saturating_sub(low)),
        (None, Some(high)) => Some(high),
        (Some(low), None) => Some(low),
        (None, None) => None,
    }
}

/// What was short in a piece, if it is no evidence for a claim with this limit.
pub(super) fn starved(conditions: &Conditions, sent: &Tally, limit: Duration) -> Option<String> {
    let common = limit.mul_f64(COMMON_PART).max(LEAST_STALL);
    let longest = limit.mul_f64(LONGEST_PART).max(LEAST_STALL);
    let mut short = Vec::new();
    let share = conditions.share_later_than(common);
    if share > OFTEN {
        short.push(format!("stalls of {common:.0?} and more in {:.0}% of the time", share * 100.0));
    }
    let stall = conditions.longest_stall();
    if stall > longest {
        short.push(format!("a stall of {stall:.0?}"));
    }
    let late = sent.lateness.count_between(common, Duration::MAX) as f64;
    if late > 1.0 && late > sent.sent as f64 * LATE {
        short.push(format!("{late:.0} of {} requests sent late", sent.sent));
    }
    if sent.unsent as f64 > sent.due as f64 * UNSENT {
        short.push(format!("{} of {} requests never sent", sent.unsent, sent.due));
    }
    if short.is_empty() {
        return None;
    }
    let machine = conditions.machine.in_words();
    if !machine.is_empty() {
        short.push(machine);
    }
    Some(short.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(lags: &[(u64, u32)]) -> Conditions {
        let mut conditions = Conditions::default();
        for (lag, ticks) in lags {
            (0..*ticks).for_each(|_| conditions.lag.record(Duration::from_millis(*lag)));
        }
        conditions
    }

    #[test]
    fn a_claim_about_seconds_bears_more_than_one_about_tenths() {
        let ms = Duration::from_millis;
        let quiet = conditions(&[(1, 290), (4, 10)]);
        let hiccup = conditions(&[(1, 280), (120, 20)]);
        let busy = conditions(&[(1, 200), (30, 100)]);
        let starved = |conditions: &Conditions, limit| {
            super::starved(conditions, &Tally::default(), limit).is_some()
        };
        for limit in [ms(100), ms(500), ms(1_000), ms(5_000)] {
            assert!(!starved(&quiet, limit), "{limit:?}");
        }
        assert!(starved(&hiccup, ms(260)) && !starved(&hiccup, ms(5_000)));
        assert!(starved(&busy, ms(500)) && !starved(&busy, ms(2_000)));
    }

    #[test]
    fn it_says_what_was_short_and_by_how_much() {
        let mut conditions = conditions(&[(1, 50), (300, 50)]);
        conditions.machine.elapsed_us = 100;
        conditions.machine.throttled_us = Some(60);
        let sent = Tally { due: 100, sent: 90, unsent: 10, ..Tally::default() };
        let short = starved(&conditions, &sent, Duration::from_secs(1)).unwrap();
        for words in ["in 50% of the time", "a stall of 300ms", "10 of 100", "60% throttled"] {
            assert!(short.contains(words), "{words}: {short}");
        }
    }

    #[test]
    fn only_claims_about_time_have_a_limit() {
        let span = |text: &str| text.parse().ok();
        let takes = |low, high| limit(&Property::Takes { low, high });
        assert_eq!(takes(span("2s"), span("2.5s")), Some(Duration::from_millis(500)));
        assert_eq!(takes(None, span("1s")), Some(Duration::from_secs(1)));
        assert_eq!(takes(span("5s"), None), Some(Duration::from_secs(5)));
        for other in [Property::Fails, Property::Status(503), Property::Flagged("DI".into())] {
            assert_eq!(limit(&other), None);
        }
    }
}
