//! The runs that live, by the Leases that they renew.

use std::time::Duration;

use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::error::Result;
use crate::safety::labels::MANAGED_BY;
use crate::safety::lease::holder::Holder;

/// An expired Lease must be seen unchanged for so long (two renewals and a little) before it is
/// taken: the clocks of two machines may differ, the passing of time does not.
pub(crate) const WATCHED: Duration = Duration::from_secs(11);

/// The runs that hold a Lease in these namespaces (none named: in all) and renew it. A Lease that
/// has expired is watched for a while, because clocks differ.
pub(crate) async fn living(cluster: &Cluster, namespaces: &[String]) -> Result<Vec<Holder>> {
    let first = holders(cluster, namespaces).await?;
    let expired = |holder: &Holder| holder.until < Timestamp::now();
    if first.iter().any(expired) {
        tokio::time::sleep(WATCHED).await;
        let mut now = holders(cluster, namespaces).await?;
        now.retain(|holder| !expired(holder) || !first.contains(holder));
        return Ok(now);
    }
    Ok(first)
}

async fn holders(cluster: &Cluster, namespaces: &[String]) -> Result<Vec<Holder>> {
    let selector = format!("{}={}", MANAGED_BY.0, MANAGED_BY.1);
    let everywhere = [String::new()];
    let namespaces = if namespaces.is_empty() { &everywhere[..] } else { namespaces };
    let mut found = Vec::new();
    for namespace in namespaces {
        let listed = cluster.list("coordination.k8s.io/v1", "Lease", namespace, &selector).await?;
        found.extend(listed.0.iter().map(Holder::of));
    }
    Ok(found)
}
