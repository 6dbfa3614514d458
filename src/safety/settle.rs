//! Whether the proxies know that something was undone.

use crate::cluster::{Before, Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::undo::{Budget, retried};

/// What is true before something is undone; nothing if that cannot be found out, which is no
/// reason not to undo it.
pub(crate) async fn before(
    cluster: &Cluster,
    namespaces: &[String],
    objects: &[ObjectRef],
) -> Option<Before> {
    cluster.before_writing(namespaces, objects).await.ok()
}

/// Waits until every proxy knows what was undone since; a line if it is not known whether they do.
pub(crate) async fn unproven(
    cluster: &Cluster,
    namespaces: &[String],
    before: Option<Before>,
    names: &[String],
    budget: Budget,
) -> Option<String> {
    let settled: Result<()> = match before {
        Some(before) => retried(budget, async || cluster.converged(&before).await.map(drop)).await,
        None => retried(budget, async || cluster.acknowledged(namespaces).await.map(drop)).await,
    };
    let error = settled.err()?;
    Some(format!("the proxies may still act on {}: {error}", names.join(", ")))
}

/// Whether every proxy has accepted all that it was sent; a line if not.
pub(crate) async fn unsettled(cluster: &Cluster, namespaces: &[String]) -> Option<String> {
    let names = ["what was undone".to_owned()];
    unproven(cluster, namespaces, None, &names, Budget::begin()).await
}
