//! How a strategic merge patch merges lists: by a key, as sets, or not at all. Pure. After the
//! `patchMergeKey` tags of `k8s.io/api`.

use serde_json::{Map, Value};

use super::directives::{DIRECTIVE, strip_directives};
use crate::store::Refusal;

/// How a list is merged, known from its field's name: the names are unambiguous among our kinds
/// (but `ports`, which `list_key` looks into).
fn merge_keys(field: &str) -> &'static [&'static str] {
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets" => &["name"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" => &["containerPort", "port"],
        "ownerReferences" => &["uid"],
        "conditions" => &["type"],
        "hostAliases" | "podIPs" | "hostIPs" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey"],
        _ => &[],
    }
}

/// Lists of plain values that are sets.
fn is_set(field: &str) -> bool {
    field == "finalizers"
}

/// Merges a list into the one that is there; an item that is in both is merged by `merge`.
pub(super) fn merge_lists(
    field: &str,
    mut present: Vec<Value>,
    change: &[Value],
    depth: usize,
    merge: impl Fn(&mut Value, &Value) -> Result<(), Refusal>,
) -> Result<Vec<Value>, Refusal> {
    if is_set(field) {
        let new: Vec<_> = change.iter().filter(|item| !present.contains(item)).cloned().collect();
        present.extend(new);
        return Ok(present);
    }
    let directive = |item: &Value| item.get(DIRECTIVE).and_then(Value::as_str).map(str::to_owned);
    if change.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        present.clear();
    }
    let Some(key) = list_key(field, &present, change) else {
        // An atomic list: the patch's is the new one.
        return Ok(change.to_vec());
    };
    for item in change {
        let directive = directive(item);
        if directive.as_deref() == Some("replace") && item.get(key).is_none() {
            continue;
        }
        let Some(id) = item.get(key) else {
            return Err(Refusal::bad_request(format!(
                "map: {item} does not contain declared merge key: {key}"
            )));
        };
        let place = present.iter().position(|p| p.get(key) == Some(id));
        match (directive.as_deref(), place) {
            (Some("delete"), _) => present.retain(|p| p.get(key) != Some(id)),
            (_, Some(place)) => merge(&mut present[place], item)?,
            (_, None) => {
                let mut item = item.clone();
                if let Value::Object(map) = &mut item {
                    strip_directives(map, depth)?;
                }
                present.push(item);
            }
        }
    }
    Ok(present)
}

/// The merge key of a list, or `None` when it is atomic. Only lists of objects are merged.
fn list_key(field: &str, present: &[Value], change: &[Value]) -> Option<&'static str> {
    let mut items = present.iter().chain(change);
    let keys = merge_keys(field);
    match keys {
        [] => None,
        [key] => items.all(Value::is_object).then_some(key),
        // `ports`: a container's have `containerPort`, a service's `port`; an EndpointSlice's are
        // atomic, but nobody patches these.
        _ => keys.iter().copied().find(|key| items.clone().any(|item| item.get(key).is_some())),
    }
}

/// Takes what is gone out of a set.
pub(super) fn remove_from_set(target: &mut Map<String, Value>, field: &str, gone: &Value) {
    if let (Some(Value::Array(present)), Some(gone)) = (target.get_mut(field), gone.as_array()) {
        present.retain(|item| !gone.contains(item));
    }
}

/// Puts the list in the order the patch asks for; items it does not name keep their order, behind.
pub(super) fn set_order(target: &mut Map<String, Value>, field: &str, order: &Value) {
    let (Some(Value::Array(present)), Some(order)) = (target.get_mut(field), order.as_array())
    else {
        return;
    };
    let rank = |item: &Value| {
        let same = |wanted: &Value| match wanted.as_object() {
            Some(wanted) => wanted.iter().all(|(key, value)| item.get(key) == Some(value)),
            None => wanted == item,
        };
        order.iter().position(same).unwrap_or(order.len())
    };
    present.sort_by_cached_key(rank);
}
