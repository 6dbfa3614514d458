//! When an Envoy that was started serves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::admin::{Admin, stat};
use super::process::Envoy;
use crate::error::{Error, Result};

/// An Envoy alone is ready after 0.1 s; sixteen at once on two busy cores after one or two. A
/// machine ten times slower is within this, and who waits for a hanging one waits no longer.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks at the admin socket while Envoy starts.
const READY_POLL: Duration = Duration::from_millis(10);

// === impl Envoy ===

impl Envoy {
    /// Waits until the admin socket says `LIVE` and all listeners are up; an error when the
    /// process ends before, or after a bound.
    pub async fn ready(&mut self) -> Result<()> {
        let doing = format!("waiting for Envoy of {}", self.name);
        let admin = Admin::new(self.admin.clone());
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|e| Error::new(&doing, e))? {
                return Err(self.died(&doing, status).await);
            }
            if serves(&admin).await {
                return Ok(());
            }
            sleep(READY_POLL).await;
        }
        let cause = format!("it was not ready after {READY_WITHIN:?}; its log:{}", self.tail());
        Err(Error::new(doing, cause).hint("is this machine overloaded, or is that no Envoy?"))
    }
}

async fn serves(admin: &Admin) -> bool {
    let live = admin.get("/ready").await;
    if !live.is_ok_and(|answer| answer.status == 200) {
        return false;
    }
    let path = "/stats?filter=^listener_manager%5C.(workers_started|total_listeners_warming)$";
    admin.get(path).await.is_ok_and(|answer| {
        let stat = |name| stat(&answer.body, name);
        stat("listener_manager.workers_started") == Some(1)
            && stat("listener_manager.total_listeners_warming") == Some(0)
    })
}
