//! How a pod's parts are stopped, and the farewell of one that is deleted.

use std::time::Duration;

use super::life::{Life, Running};

/// How long a ready pod goes on serving after its deletion was asked for, so that the callers'
/// sidecars learn of it before connections are cut; they were measured to learn within 100 ms.
const DRAIN: Duration = Duration::from_millis(200);

// === impl Life ===

impl Life {
    /// Stops the pod's parts: the application first, then its sidecar.
    pub(super) async fn leave(&self, running: &mut Running) {
        // Nobody listens to the supervisors any more, so none of them may wait to be heard.
        running.told.close();
        running.apps_stop.cancel();
        while running.apps.join_next().await.is_some() {}
        running.sidecar_stop.cancel();
        while running.sidecar.join_next().await.is_some() {}
        running.pages.shutdown().await;
        let net = &running.sandbox.net;
        if net.sidecar {
            self.config.control_plane.leave(net);
        }
        self.config.network.remove(net);
    }

    /// The farewell of a pod that is deleted.
    pub(super) async fn end(&self, mut running: Running) {
        if running.sandbox.net.sidecar && self.view.phase() == "Running" {
            tokio::time::sleep(DRAIN).await;
        }
        self.event("Normal", "Killing", "Stopping containers");
        self.leave(&mut running).await;
        let dir = &running.sandbox.net.dir;
        if let Err(error) = std::fs::remove_dir_all(dir) {
            tracing::debug!("{} was not removed: {error}", dir.display());
        }
    }
}
