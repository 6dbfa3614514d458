//! A moment that neither a sleeping laptop nor a person who sets the clock can move.

use std::time::{Duration, Instant, SystemTime};

/// Two clocks, because each has a blind spot: the monotonic one stands still while a laptop
/// sleeps, the other one is set by people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    monotonic: Instant,
    wall: SystemTime,
}

// === impl Clock ===

impl Clock {
    pub(crate) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The longer of what both clocks say.
    pub(crate) fn elapsed(&self) -> Duration {
        self.monotonic.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}
