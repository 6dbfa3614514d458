//! Whether the proxies know that something was undone.

use crate::cluster::Cluster;
use crate::error::Result;
use crate::safety::undo::{Budget, retried};
use crate::safety::waves::WAVES;

/// Waits until every proxy knows what is now true; `namespace` is one of the run's own.
pub(crate) async fn settled(
    cluster: &Cluster,
    namespace: &str,
    names: &[String],
    budget: Budget,
) -> Result<()> {
    retried(budget, async || {
        let version = cluster.version(namespace).await?;
        cluster.converged(&version, names).await.map(drop)
    })
    .await
}

/// Whether every proxy knows what is now true of all that a run configures; a line if not.
pub(crate) async fn unsettled(cluster: &Cluster, namespace: &str) -> Option<String> {
    let budget = Budget::begin();
    for wave in WAVES {
        let names = [format!("every {}", wave[0])];
        if let Err(error) = settled(cluster, namespace, &names, budget).await {
            return Some(format!("the proxies may still act on what was undone: {error}"));
        }
    }
    None
}
