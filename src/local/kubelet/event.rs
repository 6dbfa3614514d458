//! Events about pods, which `kubectl describe` shows.

use serde_json::{Value, json};

use super::{NODE, now};
use crate::local::cluster::{Cluster, WriteMode};
use crate::local::kinds;

/// Whether something went as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Normal,
    Warning,
}

/// Writes an event about a pod. One that cannot be written (its namespace is going) is dropped, as
/// Kubernetes drops it.
pub(super) fn write(cluster: &Cluster, pod: &Value, sort: Sort, reason: &str, message: &str) {
    let (metadata, now) = (&pod["metadata"], now());
    let name = metadata["name"].as_str().unwrap_or_default();
    let sort = match sort {
        Sort::Normal => "Normal",
        Sort::Warning => "Warning",
    };
    let unique = jiff::Timestamp::now().as_nanosecond();
    let event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{name}.{unique:x}"), "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "name": name, "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
        "type": sort,
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet", "host": NODE},
        "reportingComponent": "kubelet",
        "reportingInstance": NODE,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    });
    if let Err(refusal) = cluster.create(&kinds::EVENT, event, WriteMode::default()) {
        tracing::debug!("an event about pod {name} was not written: {refusal}");
    }
}
