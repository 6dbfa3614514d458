//! A Lease as an object: whom it names as its holder, how it is made, and how it is taken over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};

/// The Lease's name.
pub(crate) const NAME: &str = "faultless";

/// How long after its last renewal a Lease may be taken by another: an API server's outage of 10 s
/// must not cost a run its turn.
pub(crate) const DURATION: Duration = Duration::from_secs(30);

/// Who holds a Lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The run's id.
    pub(crate) run: String,
    /// As a person reads it: run, machine, process.
    pub(crate) who: String,
    /// Until when, if it is not renewed.
    pub(crate) until: Timestamp,
    pub(crate) version: String,
}

// === impl Holder ===

impl Holder {
    pub(crate) fn of(lease: &Value) -> Self {
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

pub(crate) fn reference(namespace: &str) -> ObjectRef {
    ObjectRef {
        api_version: "coordination.k8s.io/v1".to_owned(),
        kind: "Lease".to_owned(),
        namespace: namespace.to_owned(),
        name: NAME.to_owned(),
    }
}

pub(crate) fn manifest(object: &ObjectRef, run: &str, who: &str) -> Value {
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

pub(crate) fn replacing(version: &str, lease: &Value) -> Result<json_patch::Patch> {
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
pub(crate) fn stamp() -> String {
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
