//! How long a piece of load is. Pure.

use std::time::Duration;

/// The shortest piece of load: around each, sidecars are read, which takes tenths of seconds.
const PIECE_MIN: Duration = Duration::from_millis(400);

/// The longest piece: after it, somebody who watches should learn how it stands.
const PIECE_MAX: Duration = Duration::from_secs(15);

/// How long to send load for the first time, if a claim is likely to need so many trials of an
/// observer that sees so many per second.
#[must_use]
pub(crate) fn first_chunk(needed: u64, per_second: f64) -> Duration {
    let seconds = Duration::try_from_secs_f64(needed as f64 / per_second);
    // The plan's last moments and a few misses are covered by a tenth more.
    let seconds = seconds.unwrap_or(PIECE_MAX).min(PIECE_MAX);
    seconds.mul_f64(1.1).clamp(PIECE_MIN, PIECE_MAX)
}

/// How long to send load once more, after so many trials in `so_far`, at `faster` times the rate.
#[must_use]
pub(crate) fn next_chunk((trials, needed): (u64, u64), so_far: Duration, faster: f64) -> Duration {
    // What it takes if it goes on like this, but a third more at least, because chance goes on too,
    // and at most twice as much: what few trials foretell is not worth more.
    let most = if trials == 0 { needed } else { trials.saturating_mul(2) };
    let wanted = needed.saturating_sub(trials).min(most).max(trials / 3).max(1);
    let seconds = so_far.as_secs_f64() * wanted as f64 / trials.max(1) as f64 / faster;
    Duration::try_from_secs_f64(seconds).unwrap_or(PIECE_MAX).clamp(PIECE_MIN, PIECE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_long_as_a_claim_is_likely_to_need() {
        let tenths = |chunk: Duration| chunk.as_millis() / 100;
        assert_eq!(tenths(first_chunk(200, 50.0)), 44);
        assert_eq!(first_chunk(1, 50.0), PIECE_MIN);
        assert_eq!(first_chunk(u64::MAX, 0.001), PIECE_MAX);
        let second = Duration::from_secs(1);
        assert_eq!(tenths(next_chunk((100, 300), second, 1.0)), 20);
        // Twice as fast takes half as long; what is nearly enough is extended by a third.
        assert_eq!(tenths(next_chunk((100, 300), 4 * second, 2.0)), 40);
        assert_eq!(tenths(next_chunk((300, 310), 6 * second, 1.0)), 20);
        assert_eq!(next_chunk((0, 500), second, 1.0), PIECE_MAX);
    }
}
