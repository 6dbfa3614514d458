//! A share, in percent. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::units::error::UnitError;

/// A share of something, 0% to 100%.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent(f64);

// === impl Percent ===

impl Percent {
    /// Everything.
    pub const ALL: Self = Self(100.0);

    /// Nothing.
    pub const NOTHING: Self = Self(0.0);

    /// From a number of percent, e.g. `80.0`.
    pub fn new(percent: f64) -> Result<Self, UnitError> {
        if (0.0..=100.0).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err(UnitError(format!("{percent}% is not between 0% and 100%")))
        }
    }

    /// The share as a fraction of one.
    #[must_use]
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }

    /// The share in percent.
    #[must_use]
    pub const fn percent(self) -> f64 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        let percent: f64 = number
            .parse()
            .map_err(|_| UnitError(format!("`{text}` is not a percentage such as 50%")))?;
        Self::new(percent)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl TryFrom<f64> for Percent {
    type Error = UnitError;

    fn try_from(percent: f64) -> Result<Self, UnitError> {
        Self::new(percent)
    }
}

impl From<Percent> for f64 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}
