//! The barrier between writing a configuration and relying on it: every proxy has accepted it, one
//! has refused it, or it is not there yet. Read from the control plane's own account.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::handle::Cluster;
use super::pod::Pod;
use crate::error::{Error, Result};

/// A healthy mesh converges in well under a second; istiod itself pushes at the latest after 10 s
/// of debouncing. Twice that is a mesh that does not converge.
const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks. A look costs the control plane a small page.
const PAUSE: Duration = Duration::from_millis(5);

/// Where istiod serves its debug pages.
const DEBUG_PORT: u16 = 15014;

/// One proxy in istiod's `/debug/syncz`, with the two fields the local mesh adds.
#[derive(Debug, Clone, Deserialize)]
struct ProxySync {
    proxy: String,
    /// The resource version up to which the proxy has accepted everything.
    #[serde(default)]
    observed: Option<u64>,
    /// Why the proxy refused what it was sent last, in Envoy's words.
    #[serde(default)]
    error: Option<String>,
}

/// What the barrier saw.
#[derive(Debug, Clone, Copy)]
pub struct Converged {
    /// Proxies that know.
    pub proxies: u32,
    /// How long it took from the call on.
    pub took: Duration,
}

// === impl Cluster ===

impl Cluster {
    /// Waits until every proxy has accepted everything up to this resource version. `what` names
    /// the objects that were written: a refusal is reported as theirs.
    pub async fn converged(&self, resource_version: &str, what: &[String]) -> Result<Converged> {
        let doing = format!("waiting until every proxy knows {}", what.join(", "));
        let version: u64 = resource_version.parse().map_err(|_| {
            Error::runner(doing.clone(), format!("resource version `{resource_version}`"))
        })?;
        let istiod = self.istiod().await?;
        let started = Instant::now();
        loop {
            let proxies = self.syncz(&istiod).await?;
            if let Some((proxy, reason)) =
                proxies.iter().find_map(|p| p.error.as_ref().map(|reason| (&p.proxy, reason)))
            {
                return Err(Error::mesh(doing, format!("{proxy} refused it: {reason}"))
                    .hint(format!("look at {}", what.join(", "))));
            }
            let behind: Vec<_> =
                proxies.iter().filter(|p| p.observed.is_none_or(|seen| seen < version)).collect();
            let took = started.elapsed();
            if behind.is_empty() {
                let proxies = u32::try_from(proxies.len()).unwrap_or(u32::MAX);
                return Ok(Converged { proxies, took });
            }
            if took > DEADLINE {
                let names: Vec<_> = behind.iter().take(5).map(|p| p.proxy.as_str()).collect();
                return Err(Error::runner(
                    doing,
                    format!("{} proxies still do not: {}", behind.len(), names.join(", ")),
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn istiod(&self) -> Result<Pod> {
        let pods = self.pods("istio-system", "app=istiod").await?;
        pods.into_iter().find(|pod| pod.ready).ok_or_else(|| {
            Error::runner("looking for Istio's control plane", "no ready pod app=istiod")
                .hint("Faultless reads convergence from istiod in the namespace istio-system")
        })
    }

    async fn syncz(&self, istiod: &Pod) -> Result<Vec<ProxySync>> {
        let page = self.pod_get(istiod, DEBUG_PORT, "/debug/syncz").await?;
        serde_json::from_str(&page)
            .map_err(|cause| Error::runner("reading istiod's /debug/syncz", cause))
    }
}
