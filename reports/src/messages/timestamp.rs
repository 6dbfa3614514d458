//! Times as messages have them: seconds and nanoseconds.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest time that is believed, in milliseconds: a year.
const LONGEST_MS: u64 = 366 * 24 * 3_600 * 1_000;

/// So long after a record's `at`, which is taken for the epoch's begin if it is no time.
pub(super) fn after(at: &str, ms: u64) -> Value {
    let begin = OffsetDateTime::parse(at, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let begin = begin.unix_timestamp_nanos() / 1_000_000;
    split(begin + i128::from(ms.min(LONGEST_MS)))
}

/// A length of time.
pub(super) fn duration(ms: u64) -> Value {
    split(i128::from(ms.min(LONGEST_MS)))
}

fn split(ms: i128) -> Value {
    let seconds = i64::try_from(ms.div_euclid(1_000)).unwrap_or_default();
    let nanos = i64::try_from(ms.rem_euclid(1_000)).unwrap_or_default() * 1_000_000;
    json!({ "seconds": seconds, "nanos": nanos })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_split() {
        let at = "2026-11-23T21:00:00.999Z";
        assert_eq!(after(at, 2), json!({ "seconds": 1_795_467_601, "nanos": 1_000_000 }));
        assert_eq!(after("yesterday", 1_500), json!({ "seconds": 1, "nanos": 500_000_000 }));
        assert_eq!(duration(u64::MAX), json!({ "seconds": 31_622_400, "nanos": 0 }));
    }
}
