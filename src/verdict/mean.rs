//! Claims about a mean duration, from a histogram's exact sum and count. A plain figure beside the
//! shares: **it has no error rate**, because durations have no known upper limit. It is for the
//! mean delay that the tutorial reads off its graphs; where a verdict must be trusted, claim a
//! share ("99% of requests take between 5s and 10s").

use std::time::Duration;

use crate::units::Span;

use super::Decision;
use super::numbers::{counted, thousands};

/// Fewer durations than this decide nothing: one slow first request would move the mean too far.
pub const MIN_MEAN_SAMPLES: u64 = 20;

/// A claim about a mean duration; an end that is `None` is open, one that is given is included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MeanBound {
    /// The smallest allowed mean.
    pub low: Option<Span>,
    /// The largest allowed mean.
    pub high: Option<Span>,
}

/// A decision about a mean with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanVerdict {
    /// How far the evidence goes.
    pub decision: Decision,
    /// The claim.
    pub bound: MeanBound,
    /// The mean in milliseconds; `None` without samples, or if the sum is not a duration.
    pub mean_ms: Option<f64>,
    /// How many durations it is the mean of.
    pub samples: u64,
}

/// Judges a claim about the mean of `samples` durations that add up to `sum_ms`.
#[must_use]
pub fn judge_mean(bound: MeanBound, sum_ms: f64, samples: u64) -> MeanVerdict {
    let known = samples > 0 && sum_ms.is_finite() && sum_ms >= 0.0;
    let mean_ms = known.then(|| sum_ms / samples as f64);
    let decision = match mean_ms {
        Some(mean) if samples >= MIN_MEAN_SAMPLES => {
            let low_enough = bound.high.is_none_or(|high| mean <= ms(high.duration()));
            let high_enough = bound.low.is_none_or(|low| mean >= ms(low.duration()));
            if low_enough && high_enough { Decision::Met } else { Decision::Violated }
        }
        Some(_) | None => Decision::Undecided,
    };
    MeanVerdict { decision, bound, mean_ms, samples }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

// === impl MeanVerdict ===

impl MeanVerdict {
    /// The numbers, e.g. `mean 5,021 ms of 412 requests, required 5s to 5.3s`.
    #[must_use]
    pub fn numbers(&self, what: &str) -> String {
        let required = match (self.bound.low, self.bound.high) {
            (Some(low), Some(high)) => format!("required {low} to {high}"),
            (Some(low), None) => format!("required {low} or more"),
            (None, Some(high)) => format!("required {high} or less"),
            (None, None) => "nothing required".to_owned(),
        };
        let Some(mean) = self.mean_ms else {
            return format!("no mean of {}, {required}", counted(self.samples, what));
        };
        let few = if self.samples < MIN_MEAN_SAMPLES {
            format!(" (fewer than {MIN_MEAN_SAMPLES})")
        } else {
            String::new()
        };
        format!("mean {} ms of {}{few}, {required}", shown(mean), counted(self.samples, what))
    }
}

/// Three significant digits or all before the point.
fn shown(ms: f64) -> String {
    if ms < 10.0 {
        return format!("{ms:.2}");
    }
    if ms < 100.0 {
        return format!("{ms:.1}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean is not negative, and a float beyond u64 saturates, which is right here"
    )]
    let whole = ms.round() as u64;
    thousands(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    #[test]
    fn means_are_compared_as_they_are() {
        let bound = MeanBound { low: Some(span("5s")), high: Some(span("5300ms")) };
        assert_eq!(judge_mean(bound, 5_000.0 * 20.0, 20).decision, Decision::Met);
        assert_eq!(judge_mean(bound, 5_301.0 * 20.0, 20).decision, Decision::Violated);
        assert_eq!(judge_mean(bound, 4_999.0 * 20.0, 20).decision, Decision::Violated);
        assert_eq!(judge_mean(bound, 5_100.0 * 19.0, 19).decision, Decision::Undecided);
        for sum in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(judge_mean(bound, sum, 100).decision, Decision::Undecided);
        }
    }

    #[test]
    fn the_sentences() {
        let bound = MeanBound { low: Some(span("5s")), high: Some(span("5300ms")) };
        let said = |sum, samples| judge_mean(bound, sum, samples).numbers("requests");
        assert_eq!(
            said(5_021.4 * 412.0, 412),
            "mean 5,021 ms of 412 requests, required 5s to 5.3s"
        );
        assert_eq!(
            said(50.0, 4),
            "mean 12.5 ms of 4 requests (fewer than 20), required 5s to 5.3s"
        );
        assert_eq!(said(0.0, 0), "no mean of 0 requests, required 5s to 5.3s");
    }
}
