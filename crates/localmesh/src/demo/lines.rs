//! A stand-in's log, which cannot be flooded.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::image::Log;

/// How many lines a stand-in logs in a second: enough to follow it, too few to push everything
/// else out of the bounded log under load.
const LINES_PER_SECOND: u32 = 10;

/// A log with a bounded rate; cheap to clone.
#[derive(Clone)]
pub(super) struct Lines {
    log: Log,
    second: Arc<Mutex<Second>>,
}

struct Second {
    began: Instant,
    written: u32,
    left_out: u64,
}

// === impl Lines ===

impl Lines {
    /// Lines for this log.
    pub(super) fn new(log: Log) -> Self {
        let second = Second { began: Instant::now(), written: 0, left_out: 0 };
        Self { log, second: Arc::new(Mutex::new(second)) }
    }

    /// Logs a line, or counts it when there were too many within this second.
    pub(super) fn say(&self, line: impl FnOnce() -> String) {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.began.elapsed() >= Duration::from_secs(1) {
            if second.left_out > 0 {
                (self.log)(format!("({} more lines were left out)", second.left_out));
            }
            *second = Second { began: Instant::now(), written: 0, left_out: 0 };
        }
        if second.written < LINES_PER_SECOND {
            second.written += 1;
            (self.log)(line());
        } else {
            second.left_out += 1;
        }
    }
}
