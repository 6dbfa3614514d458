//! Waiting without the right to ask a pod from within.

use std::time::{Duration, Instant};

use super::before::Before;
use super::proof::{Converged, Proof};
use crate::cluster::handle::Cluster;
use crate::error::{Error, Result};

/// Where nobody may be asked, istiod is given its debouncing (100 ms after the last change) and
/// its push twenty times over.
const BLIND_PAUSE: Duration = Duration::from_secs(3);

/// Between two looks at counters, which istiod collects for each.
const COUNTERS_PAUSE: Duration = Duration::from_millis(100);

/// How long after a push was counted its answers are in.
const ANSWERED: Duration = Duration::from_millis(500);

// === impl Cluster ===

impl Cluster {
    /// Without the right to ask a pod from within: by the control planes' counters, which anybody
    /// may read, and if not even those can be read, by a pause.
    pub(super) async fn wait_blindly(&self, before: &Before, doing: String) -> Result<Converged> {
        let started = Instant::now();
        let Some(earlier) = &before.counters else {
            tokio::time::sleep(BLIND_PAUSE).await;
            let took = started.elapsed();
            return Ok(Converged { proxies: 0, took, proof: Proof::Paused });
        };
        while started.elapsed() < BLIND_PAUSE {
            let now = self.counters(&before.namespaces).await;
            if now.as_ref().is_some_and(|now| now.pushes != earlier.pushes) {
                tokio::time::sleep(ANSWERED).await;
                let later = self.counters(&before.namespaces).await;
                // A control plane that began anew counts from zero.
                let refused =
                    later.map_or(0, |later| later.refused.saturating_sub(earlier.refused));
                if refused > 0 {
                    let cause = format!("{refused} refused it, by the control plane's counters");
                    return Err(Error::mesh(doing, cause).hint(
                        "with the right to create pods/portforward in its namespace the reason \
                         would be here",
                    ));
                }
                let took = started.elapsed();
                return Ok(Converged { proxies: 0, took, proof: Proof::Pushed });
            }
            tokio::time::sleep(COUNTERS_PAUSE).await;
        }
        Ok(Converged { proxies: 0, took: started.elapsed(), proof: Proof::Paused })
    }
}
