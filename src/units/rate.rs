//! How often something happens, per second. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::error::UnitError;

/// Events per second; more than 0 and at most 100,000 (what one agent was measured to send).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

// === impl Rate ===

impl Rate {
    /// The fastest rate one agent is asked for: 158,000 requests/s were measured on one core, a
    /// plan must leave room to be kept.
    pub const MAX_PER_SECOND: f64 = 100_000.0;

    /// From a number per second.
    pub fn per_second(rate: f64) -> Result<Self, UnitError> {
        if rate > 0.0 && rate <= Self::MAX_PER_SECOND {
            Ok(Self(rate))
        } else {
            let max = Self::MAX_PER_SECOND;
            Err(UnitError(format!(
                "a rate of {rate} per second is not above 0 and up to {max}, the most that one \
                 client can send; without a number it is chosen"
            )))
        }
    }

    /// The number per second.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl TryFrom<f64> for Rate {
    type Error = UnitError;

    fn try_from(rate: f64) -> Result<Self, UnitError> {
        Self::per_second(rate)
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}
