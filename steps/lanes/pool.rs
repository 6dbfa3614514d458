//! The lanes that are free: a scenario takes one and gives it back.

use std::sync::Arc;

use faultless::scenario::run::Run;
use tokio::sync::{Mutex, mpsc};

/// The lanes that are free. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool {
    free: mpsc::Sender<Arc<Run>>,
    next: Arc<Mutex<mpsc::Receiver<Arc<Run>>>>,
}

// === impl Pool ===

impl Pool {
    /// A pool of these lanes, with room for so many.
    pub(super) fn of(count: usize, lanes: impl Iterator<Item = Arc<Run>>) -> Self {
        let (free, next) = mpsc::channel(count);
        for lane in lanes {
            // The channel has room for every lane.
            let _ = free.try_send(lane);
        }
        Self { free, next: Arc::new(Mutex::new(next)) }
    }

    /// Waits for a free lane.
    pub(crate) async fn take(&self) -> Option<Arc<Run>> {
        self.next.lock().await.recv().await
    }

    /// Gives a lane back.
    pub(crate) fn give(&self, lane: Arc<Run>) {
        // The channel has room for every lane, and nobody gives one twice.
        let _ = self.free.try_send(lane);
    }
}
