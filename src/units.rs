//! The words below which there are no bare numbers: percentages, rates, durations and names, each
//! parsed and checked once, where it enters. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a word could not be understood; says what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(String);

/// A share of something, 0% to 100%.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent(f64);

/// Events per second; more than 0 and at most 100,000 (what one agent was measured to send).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

/// A length of time as people write it: `250ms`, `5s`, `1.5s`, `2m`; 1 ms to 1 h.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// A service as a step names it: `hotels`, or `travels.travel-agency` where the name alone is not
/// unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// The service's own name.
    pub name: String,
    /// Its namespace, if it was given.
    pub namespace: Option<String>,
}

// === impl UnitError ===

impl UnitError {
    /// For words that are parsed beside their own module; a sentence that says what is accepted.
    pub(crate) const fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

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
            let shown = humantime::format_duration(duration);
            Err(UnitError(format!("a duration of {shown} is not between 1ms and 1h")))
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

// === impl ServiceName ===

impl FromStr for ServiceName {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError(format!("`{text}` is not a service such as cart or cart.shop"));
        let label = |part: &str| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !part.is_empty()
                && part.len() <= 63
                && part.chars().all(inner)
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let (name, namespace) = match text.split_once('.') {
            Some((name, namespace)) => (name, Some(namespace)),
            None => (text, None),
        };
        if !label(name) || !namespace.is_none_or(label) {
            return Err(bad());
        }
        Ok(Self { name: name.to_owned(), namespace: namespace.map(str::to_owned) })
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}.{namespace}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The known word nearest to one that is not known, if any is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Above this, by the kinder of two measures (one likes common beginnings, one knows swapped
    // letters), are typing errors; below it, other words.
    const NEAR: f64 = 0.65;
    let likeness = |name: &str| {
        let swaps = strsim::normalized_damerau_levenshtein(word, name);
        strsim::jaro_winkler(word, name).max(swaps)
    };
    known
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_shown_alike() {
        for word in ["250ms", "5s", "90s"] {
            assert_eq!(word.parse::<Span>().unwrap().to_string(), word);
        }
        for text in ["1.5s", "2.055s", "3599.999s", "60s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("99.9%".parse::<Percent>().unwrap().to_string(), "99.9%");
        for word in ["hotels", "travels.travel-agency"] {
            assert_eq!(word.parse::<ServiceName>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn absurd_numbers_are_refused() {
        for word in ["-5s", "0s", "5", "5 parsecs", "1e99s", "NaNs", "infs", "", "s", "2h"] {
            assert!(word.parse::<Span>().is_err(), "{word}");
        }
        for word in ["-1%", "101%", "many", "NaN%", "inf%", ""] {
            assert!(word.parse::<Percent>().is_err(), "{word}");
        }
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Rate::per_second(rate).is_err(), "{rate}");
        }
        for word in ["", "Hotels", "hotels.", ".shop", "a b", "-a", "x".repeat(64).as_str()] {
            assert!(word.parse::<ServiceName>().is_err(), "{word}");
        }
    }
}
