//! One run at a time: a Lease in the application's first namespace says whose turn it is. It is
//! renewed while the run lives, and a run that lost it stops.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::clock::Clock;
use crate::safety::labels::RUN_LABEL;
use crate::safety::lease::holder::{DURATION, Holder, manifest, reference, replacing, stamp};
use crate::safety::lease::living::WATCHED;
use crate::safety::patch::{escaped, patch_of};

/// Between two looks at a Lease that another run holds.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// The Lease of a run.
#[derive(Debug)]
pub(crate) struct Lease {
    object: ObjectRef,
    run: String,
    renewed: Mutex<Clock>,
}

/// What a renewal found.
#[derive(Debug)]
pub(crate) enum Renewal {
    /// It is ours for another while.
    Renewed,
    /// The API server did not answer; the next one may reach it.
    Missed,
    /// It is somebody else's, or gone, or was not renewed in time.
    Lost(String),
}

// === impl Lease ===

impl Lease {
    /// Takes the Lease, if need be after waiting for its holder to end.
    pub(crate) async fn take(
        cluster: &Cluster,
        namespace: &str,
        run: &str,
        who: &str,
        wait: Duration,
    ) -> Result<Self> {
        let object = reference(namespace);
        let doing = || format!("taking {object}");
        let started = Instant::now();
        let mut seen: Option<(String, Instant)> = None;
        loop {
            let holder = cluster.get(&object).await?.map(|lease| Holder::of(&lease));
            let begun = Clock::now();
            let Some(holder) = holder else {
                match cluster.create(&manifest(&object, run, who)).await {
                    Ok(_) => return Ok(Self::held(object, run, begun)),
                    // Another run was faster, or the API server refused: the next look tells.
                    Err(error) if cluster.get(&object).await?.is_none() => return Err(error),
                    Err(_) => continue,
                }
            };
            if holder.run == run {
                // It was made, and the answer was lost.
                return Ok(Self::held(object, run, begun));
            }
            let since = match &seen {
                Some((version, since)) if *version == holder.version => *since,
                _ => Instant::now(),
            };
            seen = Some((holder.version.clone(), since));
            let expired = holder.until < Timestamp::now();
            if expired && since.elapsed() >= WATCHED {
                // An error means that somebody was faster; the next look tells who.
                let patch = replacing(&holder.version, &manifest(&object, run, who))?;
                if cluster.patch(&object, patch).await.is_ok() {
                    return Ok(Self::held(object, run, begun));
                }
            } else if !expired && started.elapsed() >= wait {
                let until = holder.until.strftime("%H:%M:%S UTC");
                let cause = format!("{} holds it until {until}, and renews it", holder.who);
                return Err(Error::runner(doing(), cause)
                    .hint("wait for that run with --wait TIME, or stop it"));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn held(object: ObjectRef, run: &str, since: Clock) -> Self {
        Self { object, run: run.to_owned(), renewed: Mutex::new(since) }
    }

    /// Renews it.
    pub(crate) async fn renew(&self, cluster: &Cluster) -> Renewal {
        let begun = Clock::now();
        let lease = match cluster.get(&self.object).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return Renewal::Lost(format!("{} was deleted", self.object)),
            Err(_) => return self.missed(),
        };
        let holder = Holder::of(&lease);
        if holder.run != self.run {
            return Renewal::Lost(format!("{} is held by {} now", self.object, holder.who));
        }
        let patch = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": holder.version},
            {"op": "add", "path": "/spec/renewTime", "value": stamp()},
        ]);
        let Ok(patch) = serde_json::from_value(patch) else { return Renewal::Missed };
        match cluster.patch(&self.object, patch).await {
            Ok(_) => {
                *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = begun;
                Renewal::Renewed
            }
            Err(_) => self.missed(),
        }
    }

    fn missed(&self) -> Renewal {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let ago = renewed.elapsed();
        if ago < DURATION {
            return Renewal::Missed;
        }
        Renewal::Lost(format!("{} was not renewed for {:.0} s", self.object, ago.as_secs_f64()))
    }

    /// Gives it back, if it still is ours.
    pub(crate) async fn release(&self, cluster: &Cluster) -> Result<()> {
        release(cluster, &self.object.namespace, &self.run).await
    }
}

/// Deletes the Lease of a run, if it still is that run's.
pub(crate) async fn release(cluster: &Cluster, namespace: &str, run: &str) -> Result<()> {
    let object = reference(namespace);
    let Some(lease) = cluster.get(&object).await? else { return Ok(()) };
    if Holder::of(&lease).run != run {
        return Ok(());
    }
    let uid = lease["metadata"]["uid"].as_str().unwrap_or_default();
    cluster.delete(&object, uid).await.map(drop)
}

/// Lets the Lease of a run, where it is in this namespace, go when all of these owners have gone:
/// what a dead run leaves is to go by itself. Without owners it stays until it is given back.
pub(crate) async fn goes_with(
    cluster: &Cluster,
    namespace: &str,
    run: &str,
    owners: &[Value],
) -> Result<()> {
    let object = reference(namespace);
    let Some(lease) = cluster.get(&object).await? else { return Ok(()) };
    if Holder::of(&lease).run != run {
        return Ok(());
    }
    let label = format!("/metadata/labels/{}", escaped(RUN_LABEL));
    let patch = json!([
        {"op": "test", "path": label, "value": run},
        {"op": "add", "path": "/metadata/ownerReferences", "value": owners},
    ]);
    cluster.patch(&object, patch_of(patch, &object)?).await.map(drop)
}
