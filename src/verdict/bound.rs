//! What a share is held against. Pure.

use std::fmt;

use crate::units::Percent;
use crate::verdict::confidence_sequence::Interval;
use crate::verdict::counts::Counts;
use crate::verdict::decision::Decision;

/// What share the exceptions to `Bound::Every` (and the hits of `Bound::No`) must be shown to
/// stay below before such a claim is met: 5%. "All" can be refuted by one request, but no number of
/// requests proves it; with 99.9% confidence this limit asks for about 160 requests without an
/// exception. More requests push the printed limit further down.
pub(super) const RARE: f64 = 0.05;

/// A claim about the share of hits among all trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This share or more.
    AtLeast(Percent),
    /// This share or less.
    AtMost(Percent),
    /// From the first share to the second, both included.
    Between(Percent, Percent),
    /// Every trial is a hit: the first exception violates it; met once exceptions are shown to be
    /// rarer than `RARE`.
    Every,
    /// No trial is a hit: the first hit violates it; met once hits are shown to be rarer than
    /// `RARE`.
    No,
    /// Some trial is a hit: the first one meets it; violated once hits are shown to be rarer than
    /// `RARE`.
    Some,
}

// === impl Bound ===

impl Bound {
    /// The range that the share must be shown to lie in for the claim to be met (for `Some`: to be
    /// violated).
    pub(crate) fn claimed(self) -> Interval {
        match self {
            Self::AtLeast(least) => Interval { low: least.fraction(), high: 1.0 },
            Self::AtMost(most) => Interval { low: 0.0, high: most.fraction() },
            Self::Between(low, high) => Interval { low: low.fraction(), high: high.fraction() },
            Self::Every => Interval { low: 1.0 - RARE, high: 1.0 },
            Self::No | Self::Some => Interval { low: 0.0, high: RARE },
        }
    }

    /// Whether a decision was come to by showing that the share lies in the claimed range.
    pub(crate) fn is_shown_by(self, decision: Decision) -> bool {
        match self {
            Self::Some => decision == Decision::Violated,
            _ => decision == Decision::Met,
        }
    }

    /// What an interval says of the claim.
    pub(crate) fn agrees(self, counts: Counts, interval: Interval) -> Decision {
        let Interval { low, high } = interval;
        let (met, violated) = match self {
            Self::AtLeast(least) => (low >= least.fraction(), high < least.fraction()),
            Self::AtMost(most) => (high <= most.fraction(), low > most.fraction()),
            Self::Between(least, most) => (
                low >= least.fraction() && high <= most.fraction(),
                high < least.fraction() || low > most.fraction(),
            ),
            // An uncertain trial may be the exception: it keeps the claim from being met.
            Self::Every => (
                counts.certain == counts.trials && low >= 1.0 - RARE,
                counts.possible < counts.trials,
            ),
            Self::No => (counts.possible == 0 && high <= RARE, counts.certain > 0),
            Self::Some => (counts.certain > 0, counts.possible == 0 && high <= RARE),
        };
        // A bound that contains nothing (`Between(85%, 75%)`) is violated by whatever is seen.
        match (met, violated) {
            (_, true) => Decision::Violated,
            (true, false) => Decision::Met,
            (false, false) => Decision::Undecided,
        }
    }
}

impl fmt::Display for Bound {
    /// As a sentence says it: `at least 99%`, `every`, `no`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::Between(least, most) => write!(f, "between {least} and {most}"),
            Self::Every => f.write_str("every"),
            Self::No => f.write_str("no"),
            Self::Some => f.write_str("some"),
        }
    }
}

impl Bound {
    /// What it requires, behind the numbers: `70-90% required`, `none allowed`.
    pub(crate) fn required(&self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least} required"),
            Self::AtMost(most) => format!("at most {most} allowed"),
            Self::Between(least, most) => format!("{}-{most} required", least.percent()),
            Self::Every => "all required".to_owned(),
            Self::No => "none allowed".to_owned(),
            Self::Some => "some required".to_owned(),
        }
    }
}
