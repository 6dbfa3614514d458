//! One run at a time: a Lease in the application's first namespace says whose turn it is. It is
//! renewed while the run lives, and a run that lost it stops.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::dead_man::Clock;
use crate::cluster::Cluster;
use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::faults::{MANAGED_BY, RUN_LABEL};

/// The Lease's name.
pub(super) const NAME: &str = "faultless";

/// How long after its last renewal a Lease may be taken by another: an API server's outage of 10 s
/// must not cost a run its turn.
const DURATION: Duration = Duration::from_secs(30);

/// An expired Lease must be seen unchanged for so long (two renewals and a little) before it is
/// taken: the clocks of two machines may differ, the passing of time does not.
const WATCHED: Duration = Duration::from_secs(11);

/// Between two looks at a Lease that another run holds.
const PAUSE: Duration = Duration::from_millis(500);

/// The Lease of a run.
#[derive(Debug)]
pub(super) struct Lease {
    object: ObjectRef,
    run: String,
    renewed: Mutex<Clock>,
}

/// Who holds a Lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// The run's id.
    pub(super) run: String,
    /// As a person reads it: run, machine, process.
    pub(super) who: String,
    /// Until when, if it is not renewed.
    pub(super) until: Timestamp,
    version: String,
}

/// What a renewal found.
#[derive(Debug)]
pub(super) enum Renewal {
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
    pub(super) async fn take(
        target: &Cluster,
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
            let holder = target.get(&object).await?.map(|lease| Holder::of(&lease));
            let begun = Clock::now();
            let Some(holder) = holder else {
                match target.create(&manifest(&object, run, who)).await {
                    Ok(_) => return Ok(Self::held(object, run, begun)),
                    // Another run was faster, or the API server refused: the next look tells.
                    Err(error) if target.get(&object).await?.is_none() => return Err(error),
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
                if target.patch(&object, patch).await.is_ok() {
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
    pub(super) async fn renew(&self, target: &Cluster) -> Renewal {
        let begun = Clock::now();
        let lease = match target.get(&self.object).await {
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
        match target.patch(&self.object, patch).await {
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
    pub(super) async fn release(&self, target: &Cluster) -> Result<()> {
        release(target, &self.object.namespace, &self.run).await
    }
}

/// Deletes the Lease of a run, if it still is that run's.
pub(super) async fn release(target: &Cluster, namespace: &str, run: &str) -> Result<()> {
    let object = reference(namespace);
    let Some(lease) = target.get(&object).await? else { return Ok(()) };
    if Holder::of(&lease).run != run {
        return Ok(());
    }
    let uid = lease["metadata"]["uid"].as_str().unwrap_or_default();
    target.delete(&object, uid).await.map(drop)
}

/// Lets the Lease of a run, where it is in this namespace, go when all of these owners have gone:
/// what a dead run leaves is to go by itself. Without owners it stays until it is given back.
pub(super) async fn goes_with(
    target: &Cluster,
    namespace: &str,
    run: &str,
    owners: &[Value],
) -> Result<()> {
    let object = reference(namespace);
    let Some(lease) = target.get(&object).await? else { return Ok(()) };
    if Holder::of(&lease).run != run {
        return Ok(());
    }
    let label = format!("/metadata/labels/{}", RUN_LABEL.replace('/', "~1"));
    let patch = json!([
        {"op": "test", "path": label, "value": run},
        {"op": "add", "path": "/metadata/ownerReferences", "value": owners},
    ]);
    let patch = serde_json::from_value(patch)
        .map_err(|cause| Error::runner(format!("changing {object}"), cause))?;
    target.patch(&object, patch).await.map(drop)
}

/// The runs that hold a Lease in these namespaces (none named: in all) and renew it. A Lease that
/// has expired is watched for a while, because clocks differ.
pub(super) async fn living(target: &Cluster, namespaces: &[String]) -> Result<Vec<Holder>> {
    let first = holders(target, namespaces).await?;
    let expired = |holder: &Holder| holder.until < Timestamp::now();
    if first.iter().any(expired) {
        tokio::time::sleep(WATCHED).await;
        let mut now = holders(target, namespaces).await?;
        now.retain(|holder| !expired(holder) || !first.contains(holder));
        return Ok(now);
    }
    Ok(first)
}

async fn holders(target: &Cluster, namespaces: &[String]) -> Result<Vec<Holder>> {
    let selector = format!("{}={}", MANAGED_BY.0, MANAGED_BY.1);
    let everywhere = [String::new()];
    let namespaces = if namespaces.is_empty() { &everywhere[..] } else { namespaces };
    let mut found = Vec::new();
    for namespace in namespaces {
        let listed = target.list("coordination.k8s.io/v1", "Lease", namespace, &selector).await?;
        found.extend(listed.0.iter().map(Holder::of));
    }
    Ok(found)
}

// === impl Holder ===

impl Holder {
    fn of(lease: &Value) -> Self {
        let text = |path: &str| lease.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let label = lease.pointer("/metadata/labels").and_then(|labels| labels[RUN_LABEL].as_str());
        let seconds = lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_i64);
        let renewed = text("/spec/renewTime").parse::<Timestamp>().unwrap_or_default();
        let lasts = SignedDuration::from_secs(seconds.unwrap_or_default());
        Self {
            run: label.unwrap_or_default().to_owned(),
            who: match text("/spec/holderIdentity") {
                "" => "nobody known".to_owned(),
                who => who.to_owned(),
            },
            until: renewed.checked_add(lasts).unwrap_or(Timestamp::MAX),
            version: text("/metadata/resourceVersion").to_owned(),
        }
    }
}

fn reference(namespace: &str) -> ObjectRef {
    ObjectRef {
        api_version: "coordination.k8s.io/v1".to_owned(),
        kind: "Lease".to_owned(),
        namespace: namespace.to_owned(),
        name: NAME.to_owned(),
    }
}

fn manifest(object: &ObjectRef, run: &str, who: &str) -> Value {
    let now = stamp();
    json!({
        "apiVersion": object.api_version,
        "kind": object.kind,
        "metadata": {
            "name": object.name,
            "namespace": object.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run},
        },
        "spec": {
            "holderIdentity": who,
            "leaseDurationSeconds": DURATION.as_secs(),
            "acquireTime": now,
            "renewTime": now,
        },
    })
}

fn replacing(version: &str, lease: &Value) -> Result<json_patch::Patch> {
    let patch = json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/metadata/labels", "value": lease["metadata"]["labels"]},
        // The dead run's switches must not take it along.
        {"op": "add", "path": "/metadata/ownerReferences", "value": []},
        {"op": "add", "path": "/spec", "value": lease["spec"]},
    ]);
    serde_json::from_value(patch).map_err(|cause| Error::runner("taking over a Lease", cause))
}

/// Now, as a Lease writes it (`MicroTime`).
fn stamp() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_tells_its_holder_and_its_end() {
        let object = reference("shop");
        let mut lease = manifest(&object, "r1", "run r1 on here, process 7");
        lease["spec"]["renewTime"] = json!("2026-01-01T00:00:00.000000Z");
        let holder = Holder::of(&lease);
        assert_eq!(holder.run, "r1");
        assert_eq!(holder.until.to_string(), "2026-01-01T00:00:30Z");
        // Whatever somebody else wrote there is somebody who holds nothing.
        let foreign = Holder::of(&json!({"spec": {"renewTime": 7}}));
        assert_eq!((foreign.run.as_str(), foreign.who.as_str()), ("", "nobody known"));
        assert!(foreign.until < Timestamp::now());
    }
}
