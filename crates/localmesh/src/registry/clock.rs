//! The registry's clock and its source of names: the wall clock when the registry was made, moved
//! on by tokio's clock, so that time can be paused in tests and never goes backwards.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use tokio::time::Instant;

use crate::store::{SUFFIX_LEN, Stamp};

/// What names are extended with: Kubernetes' own alphabet, without vowels (no words by accident)
/// and without what looks alike.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

#[derive(Debug)]
pub(super) struct Clock {
    wall: Timestamp,
    since: Instant,
}

// === impl Clock ===

impl Default for Clock {
    fn default() -> Self {
        Self { wall: Timestamp::now(), since: Instant::now() }
    }
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        let elapsed: Duration = self.since.elapsed();
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        self.wall.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// Time, uid and suffix for one write.
    pub(super) fn stamp(&self) -> Stamp {
        let suffix = (0..SUFFIX_LEN)
            .map(|_| char::from(ALPHABET[usize::from(rand::random::<u8>()) % ALPHABET.len()]))
            .collect();
        Stamp { time: seconds(self.now()), uid: fresh_uid(), suffix }
    }
}

/// RFC 3339 in whole seconds, rounded down, as Kubernetes writes times.
pub(crate) fn seconds(time: Timestamp) -> String {
    let whole = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
    time.round(whole).unwrap_or(time).to_string()
}

/// A uid that nothing else has.
pub(crate) fn fresh_uid() -> String {
    uid(rand::random())
}

/// A random UUID (version 4, RFC 9562).
fn uid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
