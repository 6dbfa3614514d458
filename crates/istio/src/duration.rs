//! Durations as Istio's objects write them (Go's and protobuf's notation): `5s`, `1.5s`, `250ms`,
//! `1h30m`. Pure.

use std::time;

use serde::{Deserialize, Serialize};

/// A duration in its owner's spelling, which is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(String);

// === impl Duration ===

impl Duration {
    /// How long it is; `None` if it is none.
    #[must_use]
    pub fn get(&self) -> Option<time::Duration> {
        parse(&self.0)
    }
}

impl From<String> for Duration {
    /// As it is spelled.
    fn from(spelled: String) -> Self {
        Self(spelled)
    }
}

/// The units Go knows, the longer spelling first where one is the end of another.
const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The length in the notation above; `None` for anything else and for negative durations.
#[must_use]
pub fn parse(text: &str) -> Option<time::Duration> {
    signed(text).and_then(|nanos| u64::try_from(nanos).ok()).map(time::Duration::from_nanos)
}

/// The length in ns as Go's `time.ParseDuration` reads it, which an API server and istiod both ask:
/// with a sign, and within 2^63 ns (some 292 years).
pub(crate) fn signed(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        nanos = nanos.checked_add(scaled(number, scale)?)?;
        rest = tail;
    }
    let nanos = i64::try_from(nanos).ok()?;
    Some(if negative { -nanos } else { nanos })
}

/// `number` (digits with at most one point) times `scale`, exactly, cut at the nanosecond.
fn scaled(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Twenty digits are more than any duration in range has; longer ones would overflow below.
    if whole.len() + fraction.len() == 0 || whole.len() > 20 || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(u128::from(scale))?;
    let mut place = u128::from(scale);
    for digit in fraction.chars().take(20) {
        place /= 10;
        nanos = nanos.checked_add(u128::from(digit.to_digit(10)?) * place)?;
    }
    Some(nanos)
}

/// As protobuf's JSON form writes it, which is all that Envoy reads: `5s`, `0.250s`.
#[must_use]
pub fn proto(duration: time::Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if nanos == 0 {
        format!("{seconds}s")
    } else if nanos.is_multiple_of(1_000_000) {
        format!("{seconds}.{:03}s", nanos / 1_000_000)
    } else {
        format!("{seconds}.{nanos:09}s")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, proto, signed};

    #[test]
    fn gos_notation_is_read_exactly() {
        for (text, ms) in
            [("5s", 5000), ("1.5s", 1500), ("250ms", 250), ("1h30m", 5_400_000), ("0s", 0)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(parse("0.1s"), Some(Duration::from_millis(100)));
        assert_eq!(parse("1ns"), Some(Duration::from_nanos(1)));
        assert_eq!(parse("+.5s"), Some(Duration::from_millis(500)));
        assert_eq!((signed("-5s"), signed("2562048h")), (Some(-5_000_000_000), None));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "9".repeat(400) + "h";
        for text in ["", "5", "s", "-5s", "5 s", "5sec", "1..5s", ".s", "1e3s", &long, "5s5"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for ms in [1, 250, 999, 1000, 1500, 60_000, 3_600_001] {
            let duration = Duration::from_millis(ms);
            assert_eq!(parse(&proto(duration)), Some(duration));
        }
    }
}
