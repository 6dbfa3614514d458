//! The one way out for everything that a run learns: one stream of records, stamped and in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reports::{Event, Record};

/// Where records go; called in order, one at a time.
pub type Write = Box<dyn FnMut(&Record) + Send>;

/// The stream of records: stamps and orders them. Every clone is the same.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<SinkState>>);

struct SinkState {
    next: u64,
    started: Instant,
    write: Write,
}

// === impl Sink ===

impl Sink {
    /// A stream that starts now.
    #[must_use]
    pub fn new(write: Write) -> Self {
        Self(Arc::new(Mutex::new(SinkState { next: 0, started: Instant::now(), write })))
    }

    /// Tells one event.
    pub fn emit(&self, event: Event) {
        // A writer that panicked once must not silence the rest of the run.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let record = Record { seq: state.next, at, elapsed_ms, event };
        state.next += 1;
        (state.write)(&record);
    }

    /// Milliseconds since the stream began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
