//! The numbers of a verdict as a person reads them: never rounded to the other side of a bound.
//! Interval ends are rounded outwards, and as many digits are shown as the decision needs. Pure.

use crate::verdict::bound::Bound;
use crate::verdict::confidence_sequence::Interval;
use crate::verdict::decision::Decision;
use crate::verdict::verdict::Verdict;

/// More digits than this of a percentage mean nothing to a reader.
const MAX_DIGITS: i32 = 4;

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
        of(self, what)
    }
}

/// See `Verdict::numbers`.
pub(crate) fn of(verdict: &Verdict, what: &str) -> String {
    let counts = verdict.counts;
    let required = verdict.bound.required();
    if !counts.is_consistent() {
        return format!(
            "counts contradict each other: {} certain and {} possible of {}, {required}",
            thousands(counts.certain),
            thousands(counts.possible),
            counted(counts.trials, what),
        );
    }
    let Some(estimate) = verdict.estimate() else {
        // Without what they did: none were seen, whatever they did.
        return format!("no {} seen, {required}", unit_of(what).0);
    };
    let digits = digits(verdict);
    let confidence = verdict.confidence;
    let trials = counted(counts.trials, what);
    let low = outwards(verdict.interval.low, digits, f64::floor);
    let high = outwards(verdict.interval.high, digits, f64::ceil);
    match verdict.bound {
        Bound::Every | Bound::No | Bound::Some => {
            let hits = range(&thousands(counts.certain), &thousands(counts.possible));
            let limit = match verdict.bound {
                Bound::No | Bound::Some => format!("at most {high}%"),
                _ => format!("at least {low}%"),
            };
            // That all of all, or none of them, is what was wanted goes without saying.
            let obvious = verdict.decision == Decision::Met && verdict.bound != Bound::Some;
            let required = if obvious { String::new() } else { format!(", {required}") };
            format!("{hits} of {trials} ({confidence}: {limit}){required}")
        }
        Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Between(..) => {
            let shares = range(&share(estimate.low, digits), &share(estimate.high, digits));
            format!("{shares}% of {trials} ({confidence}: {}%), {required}", range(&low, &high))
        }
    }
}

/// A whole number with `,` between thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1,312 requests`, `1 request failed`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    let (units, did) = unit_of(what);
    let unit = if number == 1 { units.strip_suffix('s').unwrap_or(units) } else { units };
    format!("{} {unit}{did}", thousands(number))
}

/// What was counted, and what it did with the blank before it.
fn unit_of(what: &str) -> (&str, &str) {
    what.split_at(what.find(' ').unwrap_or(what.len()))
}

/// The fewest digits after the point with which the printed interval leads to the same decision.
fn digits(verdict: &Verdict) -> i32 {
    let agrees = |digits: &i32| {
        let scale = 10f64.powi(digits + 2);
        let printed = Interval {
            low: (verdict.interval.low * scale).floor() / scale,
            high: (verdict.interval.high * scale).ceil() / scale,
        };
        let same = verdict.bound.agrees(verdict.counts, printed) == verdict.decision;
        // An undecided interval is only ever widened by rounding: one digit will do.
        same || verdict.decision == Decision::Undecided
    };
    (1..MAX_DIGITS).find(agrees).unwrap_or(MAX_DIGITS)
}

/// A fraction in percent, rounded in one direction, without a trailing `.0` at the ends of the
/// scale.
fn outwards(fraction: f64, digits: i32, round: fn(f64) -> f64) -> String {
    let scale = 10f64.powi(digits);
    shown(round(fraction * 100.0 * scale) / scale, digits)
}

/// An estimate in percent: 0 and 100 are only printed when they are exact.
pub(crate) fn share(fraction: f64, digits: i32) -> String {
    let percent = fraction * 100.0;
    let smallest = 10f64.powi(-digits);
    let rounded = if percent > 0.0 && percent < 100.0 {
        percent.clamp(smallest, 100.0 - smallest)
    } else {
        percent
    };
    shown(rounded, digits)
}

pub(crate) fn shown(percent: f64, digits: i32) -> String {
    let at_an_end = percent <= 0.0 || percent >= 100.0;
    let digits = if at_an_end { 0 } else { usize::try_from(digits).unwrap_or(1) };
    format!("{percent:.digits$}")
}

fn range(low: &str, high: &str) -> String {
    if low == high { low.to_owned() } else { format!("{low}-{high}") }
}

#[cfg(test)]
mod tests {
    use super::super::{Confidence, Counts, judge};
    use super::*;
    use crate::units::Percent;

    #[track_caller]
    fn check(bound: Bound, certain: u64, possible: u64, trials: u64, expected: &str) {
        let counts = Counts { certain, possible, trials };
        let verdict = judge(&bound, &counts.into(), Confidence::default());
        assert_eq!(verdict.numbers("requests reached v1"), expected);
    }

    fn percent(percent: f64) -> Percent {
        Percent::new(percent).unwrap()
    }

    #[test]
    fn the_sentences() {
        let between = Bound::Between(percent(75.0), percent(85.0));
        let at_most = Bound::AtMost(percent(12.5));
        let said = "80.4% of 1,312 requests reached v1 (99.9%: 75.7-84.6%), 75-85% required";
        check(between, 1055, 1055, 1312, said);
        let said = "79.3-80.4% of 1,312 requests reached v1 (99.9%: 73.7-85.2%), 75-85% required";
        check(between, 1040, 1055, 1312, said);
        check(
            Bound::Every,
            412,
            412,
            412,
            "412 of 412 requests reached v1 (99.9%: at least 98.0%)",
        );
        check(Bound::No, 0, 0, 412, "0 of 412 requests reached v1 (99.9%: at most 2.0%)");
        let said = "0% of 1 request reached v1 (99.9%: 0-100%), at most 12.5% allowed";
        check(at_most, 0, 0, 1, said);
        check(between, 0, 0, 0, "no requests seen, 75-85% required");
        let said = "counts contradict each other: 2 certain and 1 possible of 3 requests reached \
                    v1, all required";
        check(Bound::Every, 2, 1, 3, said);
    }

    #[test]
    fn what_was_required_is_said_unless_the_counts_say_it() {
        let said = |bound, hits, trials| {
            let verdict = judge(&bound, &Counts::exact(hits, trials).into(), Confidence::default());
            let numbers = verdict.numbers("requests failed");
            numbers.rsplit_once("), ").map(|(_, required)| required.to_owned())
        };
        assert_eq!(said(Bound::Every, 412, 412), None);
        assert_eq!(said(Bound::Every, 411, 412).as_deref(), Some("all required"));
        assert_eq!(said(Bound::Every, 20, 20).as_deref(), Some("all required"));
        assert_eq!(said(Bound::No, 0, 412), None);
        assert_eq!(said(Bound::No, 1, 412).as_deref(), Some("none allowed"));
        assert_eq!(said(Bound::Some, 1, 412).as_deref(), Some("some required"));
    }

    #[test]
    fn digits_suffice_for_the_decision() {
        // The upper end is 49.99…%: printed as 50.0% it would not refute "at least 50%".
        let bound = Bound::AtLeast(percent(50.0));
        let hits = (0..5_000_000)
            .rev()
            .step_by(50)
            .find(|&hits| {
                let counts = Counts::exact(hits, 10_000_000);
                judge(&bound, &counts.into(), Confidence::default()).decision == Decision::Violated
            })
            .unwrap();
        let verdict = judge(&bound, &Counts::exact(hits, 10_000_000).into(), Confidence::default());
        let numbers = verdict.numbers("requests");
        assert!(verdict.interval.high > 0.4999 && numbers.contains("-49.99"), "{numbers}");
    }

    #[test]
    fn a_rare_exception_is_not_rounded_away() {
        let bound = Bound::AtLeast(percent(99.0));
        let verdict = judge(&bound, &Counts::exact(99_999, 100_000).into(), Confidence::default());
        assert!(verdict.numbers("requests").starts_with("99.9% of"), "{}", verdict.numbers("x"));
    }

    #[test]
    fn thousands_are_separated() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), shown);
        }
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
    }
}
