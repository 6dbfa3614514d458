//! How long something takes. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::units::error::UnitError;

/// A length of time as people write it: `250ms`, `5s`, `1.5s`, `2m`; 1 ms to 1 h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

// === impl Span ===

impl Span {
    /// The shortest: Istio refuses durations below 1 ms.
    pub const MIN: Duration = Duration::from_millis(1);
    /// The longest: nothing a test waits for takes longer, and a typo would block a lane for days.
    pub const MAX: Duration = Duration::from_hours(1);

    /// From a duration within the bounds.
    pub fn new(duration: Duration) -> Result<Self, UnitError> {
        if (Self::MIN..=Self::MAX).contains(&duration) {
            Ok(Self(duration))
        } else {
            Err(UnitError(format!("a duration of {duration:?} is not between 1ms and 1h")))
        }
    }

    /// The duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Milliseconds, as Istio's duration histograms count.
    #[must_use]
    pub fn milliseconds(self) -> f64 {
        self.0.as_secs_f64() * 1000.0
    }
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let unknown =
            || UnitError(format!("`{text}` is not a duration such as 250ms, 5s, 1.5s or 2m"));
        let unit = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(unknown)?;
        let (number, unit) = text.split_at(unit);
        let seconds = match unit {
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(unknown()),
        };
        let number: f64 = number.trim().parse().map_err(|_| unknown())?;
        Self::new(Duration::try_from_secs_f64(number * seconds).map_err(|_| unknown())?)
    }
}

impl fmt::Display for Span {
    /// As Istio writes durations and people read them: `5s`, `2.5s`, `0.250s` as `250ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            ms @ 1..1000 => write!(f, "{ms}ms"),
            // The shortest decimals that mean this number: whole milliseconds come out exactly.
            ms => write!(f, "{}s", ms as f64 / 1000.0),
        }
    }
}
