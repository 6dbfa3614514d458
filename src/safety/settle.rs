//! Whether the proxies know that something was undone.

use crate::cluster::Cluster;
use crate::error::Result;
use crate::safety::undo::{Budget, retried};
use crate::safety::waves::WAVES;

/// Waits until every proxy knows what is now true of a kind.
pub(crate) async fn settled(
    cluster: &Cluster,
    kind: &str,
    names: &[String],
    budget: Budget,
) -> Result<()> {
    retried(budget, async || {
        let (_, version) = cluster.list("networking.istio.io/v1", kind, "", "").await?;
        cluster.converged(&version, names).await.map(drop)
    })
    .await
}

/// Whether every proxy knows what is now true of all that a run configures; a line if not.
pub(crate) async fn unsettled(cluster: &Cluster) -> Option<String> {
    let budget = Budget::begin();
    for wave in WAVES {
        let names = [format!("every {}", wave[0])];
        if let Err(error) = settled(cluster, wave[0], &names, budget).await {
            return Some(format!("the proxies may still act on what was undone: {error}"));
        }
    }
    None
}
