//! One pod's life: scheduled, started, run, and taken away again. This task is the only one that
//! writes the pod's status.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::life::Life;
use crate::kinds;

/// Lives one pod's life to its end, which `stop` asks for.
pub(super) async fn live(config: Arc<Config>, pod: Arc<Value>, stop: CancellationToken) {
    Life::new(config, pod, stop).live().await;
}

// === impl Life ===

impl Life {
    async fn live(mut self) {
        if !self.stop.is_cancelled() {
            self.schedule();
            self.publish();
            if let Some(mut running) = self.begin().await {
                self.run(&mut running).await;
                self.end(running).await;
            }
        }
        let Self { config, namespace, name, uid, .. } = self;
        // A newer pod of this name, made after ours was removed by force, keeps its log.
        let present = config.registry.get(&kinds::POD, &namespace, &name);
        if present.is_none_or(|pod| pod["metadata"]["uid"] == uid.as_str()) {
            config.logs.forget(&namespace, &name);
        }
        config.registry.finalize_pod(&namespace, &name, &uid);
    }
}
