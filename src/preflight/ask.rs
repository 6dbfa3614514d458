//! How the cluster is asked: lists that are bounded, and what is no answer. The paths are here.

use serde_json::Value;

use super::facts::Seen;
use crate::cluster::Cluster;

/// More objects of a kind in a namespace are not looked at: what is wrong with these is enough to
/// know, and a list is held in memory.
const LIST_LIMIT: u32 = 500;

/// The path of a group's version.
pub(super) fn group_path(group: &str, version: &str) -> String {
    match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    }
}

/// Where the objects of a kind in a namespace are (empty: in the cluster).
pub(super) fn list_path(group: &str, version: &str, namespace: &str, plural: &str) -> String {
    let base = group_path(group, version);
    let within =
        if namespace.is_empty() { String::new() } else { format!("/namespaces/{namespace}") };
    format!("{base}{within}/{plural}?limit={LIST_LIMIT}")
}

/// The objects of a list. A kind that is not served has none.
pub(super) async fn listed(cluster: &Cluster, path: &str) -> Seen<Vec<Value>> {
    match cluster.look(path).await {
        Ok(mut list) => match list["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Ok(Vec::new()),
        },
        Err(refusal) if refusal.code == 404 => Ok(Vec::new()),
        Err(refusal) => Err(refusal),
    }
}

/// What is at a path, or nothing.
pub(super) async fn found(cluster: &Cluster, path: &str) -> Seen<Option<Value>> {
    match cluster.look(path).await {
        Ok(object) => Ok(Some(object)),
        Err(refusal) if refusal.code == 404 => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
