//! Where a run's changes would be given back if it died.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;

/// The namespaces of a run that have a watchdog; every clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watchdogs(pub(crate) Arc<Mutex<BTreeSet<String>>>);

// === impl Watchdogs ===

impl Watchdogs {
    /// Whether there is any.
    pub(crate) async fn any(&self) -> bool {
        !self.0.lock().await.is_empty()
    }
}
