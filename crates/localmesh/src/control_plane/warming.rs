//! What a proxy has accepted is not yet in use: it waits for endpoints and routes, and its admin
//! tells for how long.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::connection::Connection;
use super::stop::{ANSWER_WITHIN, Newer, Stop, silent};
use crate::envoy::admin::stat;

/// Looks whether accepted clusters and listeners are in use; they mostly are at the first.
const POLL_FIRST: Duration = Duration::from_millis(2);
/// Looks get rarer up to this: an Envoy that is only starting needs no fast answers.
const POLL_MAX: Duration = Duration::from_millis(40);

/// What tells whether something is accepted but not yet in use.
const WARMING: &str = "/stats?filter=total_listeners_warming$|warming_clusters$|workers_started$";

// === impl Connection ===

impl Connection {
    /// Waits until accepted clusters and listeners are in use, if they are new: Envoy accepts them
    /// before it has their endpoints and routes.
    pub(super) async fn warmed(&self, newer: &mut Newer) -> Result<(), Stop> {
        let versions = {
            let state = self.state();
            Some(["cds", "lds"].map(|key| state.watched.acked(key).cloned()))
        };
        if self.state().warmed == versions {
            return Ok(());
        }
        let (start, mut pause) = (Instant::now(), POLL_FIRST);
        while start.elapsed() < ANSWER_WITHIN {
            let answer = self.admin.get(WARMING).await.ok().filter(|a| a.status == 200);
            if answer.is_some_and(|answer| is_warm(&answer.body)) {
                self.state().warmed = versions;
                return Ok(());
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 3 / 2).min(POLL_MAX),
                () = newer.arrives() => return Err(Stop::Newer),
            }
        }
        Err(silent())
    }
}

/// Whether these statistics say that nothing is accepted but not yet in use.
fn is_warm(stats: &str) -> bool {
    let stat = |name| stat(stats, name);
    stat("listener_manager.workers_started") == Some(1)
        && stat("listener_manager.total_listeners_warming") == Some(0)
        && stat("cluster_manager.warming_clusters") == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_warming_is_not_done() {
        let stats = |workers, listeners, clusters| {
            is_warm(&format!(
                "cluster_manager.warming_clusters: {clusters}\n\
                 listener_manager.total_listeners_warming: {listeners}\n\
                 listener_manager.workers_started: {workers}\n"
            ))
        };
        assert!(stats(1, 0, 0));
        assert!(!stats(0, 0, 0) && !stats(1, 1, 0) && !stats(1, 0, 1) && !is_warm(""));
    }
}
