//! Why a push stops before its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::target::Target;

/// A proxy that has not answered by now is reported; it is looked at again with the next change.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Why a push stopped.
pub(super) enum Stop {
    /// Something newer is to be pushed.
    Newer,
    /// The proxy refuses, with its reason; or does not answer.
    Error(String),
}

/// Hears of newer targets.
pub(super) struct Newer(pub(super) watch::Receiver<Option<Arc<Target>>>);

// === impl Newer ===

impl Newer {
    /// Waits for a newer one.
    pub(super) async fn arrives(&mut self) {
        if self.0.changed().await.is_err() {
            // The proxy is gone, and this task is about to be aborted.
            std::future::pending::<()>().await;
        }
    }
}

pub(super) fn silent() -> Stop {
    Stop::Error(format!("no answer from its Envoy within {} s", ANSWER_WITHIN.as_secs()))
}
