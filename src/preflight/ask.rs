//! How the cluster is asked: lists that are bounded, and what is no answer. The paths are here.

use serde_json::Value;

use super::facts::Seen;
use crate::cluster::Cluster;
use crate::cluster::question::Refusal;

/// How many objects of a list come at once.
const LIST_LIMIT: u32 = 500;

/// More pages of a list are not looked at, so 10,000 objects: a list is held in memory.
const PAGES_MAX: usize = 20;

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

/// The objects of a list, page by page. A kind that is not served has none.
pub(super) async fn listed(cluster: &Cluster, path: &str) -> Seen<Vec<Value>> {
    let (mut all, mut next) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let mut list = match cluster.look(&format!("{path}{next}")).await {
            Ok(list) => list,
            Err(refusal) if refusal.code == 404 => return Ok(all),
            Err(refusal) => return Err(refusal),
        };
        let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
            return Err(no_answer("what answers is no list, and so no API server"));
        };
        all.extend(items);
        match list.pointer("/metadata/continue").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => next = format!("&continue={token}"),
            _ => return Ok(all),
        }
    }
    Err(no_answer("there are more of them than are looked at"))
}

fn no_answer(why: &str) -> Refusal {
    Refusal { code: 0, message: why.to_owned() }
}

/// What is at a path, or nothing.
pub(super) async fn found(cluster: &Cluster, path: &str) -> Seen<Option<Value>> {
    match cluster.look(path).await {
        Ok(object) => Ok(Some(object)),
        Err(refusal) if refusal.code == 404 => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
