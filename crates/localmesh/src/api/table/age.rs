//! Lengths of time as `kubectl` shows them: `5m`, `2d3h` (`duration.HumanDuration` of
//! apimachinery).

use jiff::Timestamp;
use serde_json::{Value, json};

/// The time since an object was made.
pub(super) fn of(object: &Value, now: Timestamp) -> Value {
    json!(since(&object["metadata"]["creationTimestamp"], now))
}

/// The time from an RFC 3339 text until `now`, or `<unknown>`.
pub(super) fn since(start: &Value, now: Timestamp) -> String {
    match timestamp(start) {
        Some(start) => human(now.as_second() - start.as_second()),
        None => "<unknown>".to_owned(),
    }
}

/// The instant an RFC 3339 text names.
pub(super) fn timestamp(text: &Value) -> Option<Timestamp> {
    text.as_str().and_then(|text| text.parse().ok())
}

/// A number of seconds with at most two units.
pub(super) fn human(seconds: i64) -> String {
    let minutes = seconds / 60;
    let hours = minutes / 60;
    let days = hours / 24;
    let years = days / 365;
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{big}{big_unit}")
        } else {
            format!("{big}{big_unit}{small}{small_unit}")
        }
    };
    match seconds {
        // A clock that went backwards by a second is no news.
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(years, "y", days % 365, "d"),
        252_288_000.. => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubectl_shows_them() {
        let cases = [
            (-5, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (3 * 3600 + 60, "3h1m"),
            (8 * 3600, "8h"),
            (49 * 3600, "2d1h"),
            (9 * 86_400, "9d"),
            (3 * 365 * 86_400, "3y"),
        ];
        for (seconds, expect) in cases {
            assert_eq!(human(seconds), expect);
        }
    }
}
