//! Trying again and again within a bound.

use std::time::{Duration, Instant};

use crate::error::Result;

/// One change is tried again for this long: an API server that restarts is back within it.
const UNDO_BUDGET: Duration = Duration::from_secs(45);

/// A whole restore takes no longer, however many changes fail. Each is tried at least once.
const RESTORE_BUDGET: Duration = Duration::from_mins(3);

/// The first pause between two attempts; each next one is twice as long, up to `PAUSE_MAX`.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

const PAUSE_MAX: Duration = Duration::from_secs(3);

/// The time that a restore still has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    until: Instant,
}

// === impl Budget ===

impl Budget {
    /// A restore begins.
    pub(crate) fn begin() -> Self {
        Self::lasting(RESTORE_BUDGET)
    }

    /// One of this length.
    pub(crate) fn lasting(time: Duration) -> Self {
        Self { until: Instant::now() + time }
    }
}

/// Tries until it succeeds or the time is up.
pub(crate) async fn retried<T>(
    budget: Budget,
    mut attempt: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let until = budget.until.min(Instant::now() + UNDO_BUDGET);
    let mut pause = PAUSE;
    loop {
        match attempt().await {
            Err(_) if Instant::now() + pause < until => {}
            ended => return ended,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
