//! Kubernetes' strategic merge patch: like a merge patch, but lists of the built-in kinds are
//! merged by a key, and `$patch` and its kin say what a merge cannot. Pure. After
//! `k8s.io/apimachinery/pkg/util/strategicpatch` and the `patchMergeKey` tags of `k8s.io/api`.

use serde_json::{Map, Value};

use crate::store::Refusal;

const ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const RETAIN: &str = "$retainKeys";
const DIRECTIVE: &str = "$patch";

/// Deeper than any object of ours; a patch that nests further is refused by the JSON parser
/// already (128), so this only guards calls from elsewhere.
const DEPTH_MAX: usize = 128;

/// Merges `patch` into `object`, which both must be JSON objects.
pub(super) fn merge(object: &mut Value, patch: &Value) -> Result<(), Refusal> {
    let (Some(target), Some(patch)) = (object.as_object_mut(), patch.as_object()) else {
        return Err(Refusal::bad_request("a strategic merge patch must be a JSON object"));
    };
    merge_maps(target, patch, DEPTH_MAX)
}

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

fn merge_maps(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    depth: usize,
) -> Result<(), Refusal> {
    let depth =
        depth.checked_sub(1).ok_or_else(|| Refusal::bad_request("the patch nests too deeply"))?;
    match patch.get(DIRECTIVE).map(|d| d.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => {
            target.clone_from(patch);
            strip_directives(target, depth)?;
            return Ok(());
        }
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some(other) => {
            return Err(Refusal::bad_request(format!("unknown $patch directive \"{other}\"")));
        }
    }
    if let Some(retain) = patch.get(RETAIN).and_then(Value::as_array) {
        target.retain(|key, _| retain.iter().any(|k| k.as_str() == Some(key)));
    }
    for (key, change) in patch {
        if let Some(field) = key.strip_prefix(DELETE_FROM) {
            remove_from_set(target, field, change);
        } else if !key.starts_with('$') {
            merge_field(target, key, change, depth)?;
        }
    }
    for (key, order) in patch {
        if let Some(field) = key.strip_prefix(ORDER) {
            set_order(target, field, order);
        }
    }
    Ok(())
}

fn merge_field(
    target: &mut Map<String, Value>,
    field: &str,
    change: &Value,
    depth: usize,
) -> Result<(), Refusal> {
    match change {
        Value::Null => {
            target.shift_remove(field);
        }
        Value::Object(change) => {
            if change.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") {
                target.shift_remove(field);
                return Ok(());
            }
            let slot = target.entry(field).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Value::Object(inner) = slot {
                merge_maps(inner, change, depth)?;
            }
        }
        Value::Array(change) => {
            let slot = target.entry(field).or_insert_with(|| Value::Array(Vec::new()));
            let present = match slot.take() {
                Value::Array(present) => present,
                _ => Vec::new(),
            };
            *slot = Value::Array(merge_lists(field, present, change, depth)?);
        }
        other => {
            target.insert(field.to_owned(), other.clone());
        }
    }
    Ok(())
}

fn merge_lists(
    field: &str,
    mut present: Vec<Value>,
    change: &[Value],
    depth: usize,
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

fn remove_from_set(target: &mut Map<String, Value>, field: &str, gone: &Value) {
    if let (Some(Value::Array(present)), Some(gone)) = (target.get_mut(field), gone.as_array()) {
        present.retain(|item| !gone.contains(item));
    }
}

/// Puts the list in the order the patch asks for; items it does not name keep their order, behind.
fn set_order(target: &mut Map<String, Value>, field: &str, order: &Value) {
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

/// What is new in an object must not carry the patch's own words.
fn strip_directives(map: &mut Map<String, Value>, depth: usize) -> Result<(), Refusal> {
    let depth =
        depth.checked_sub(1).ok_or_else(|| Refusal::bad_request("the patch nests too deeply"))?;
    map.retain(|key, value| !key.starts_with('$') && !value.is_null());
    for value in map.values_mut() {
        match value {
            Value::Object(inner) => strip_directives(inner, depth)?,
            Value::Array(items) => {
                for item in items {
                    if let Value::Object(inner) = item {
                        strip_directives(inner, depth)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(object: Value, patch: Value, expect: Value) {
        let mut patched = object;
        merge(&mut patched, &patch).unwrap();
        // As text, so that the order counts too.
        assert_eq!(patched.to_string(), expect.to_string(), "{patch}");
    }

    #[test]
    fn containers_merge_by_name_and_env_inside() {
        check(
            json!({"containers": [
                {"name": "a", "image": "x:1", "env": [{"name": "E", "value": "1"}, {"name": "F"}]},
                {"name": "b", "image": "y:1"},
            ]}),
            json!({
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                "containers": [{
                    "name": "a",
                    "image": "x:2",
                    "env": [{"name": "E", "value": "2"}, {"name": "F", "$patch": "delete"}],
                }],
            }),
            json!({"containers": [
                {"name": "b", "image": "y:1"},
                {"name": "a", "image": "x:2", "env": [{"name": "E", "value": "2"}]},
            ]}),
        );
    }

    #[test]
    fn ports_merge_by_what_they_have() {
        check(
            json!({"ports": [{"port": 80, "name": "http"}]}),
            json!({"ports": [{"port": 90}, {"port": 80, "$patch": "delete"}]}),
            json!({"ports": [{"port": 90}]}),
        );
        check(
            json!({"ports": [{"containerPort": 80, "hostPort": 1}]}),
            json!({"ports": [{"containerPort": 80, "hostPort": 2}]}),
            json!({"ports": [{"containerPort": 80, "hostPort": 2}]}),
        );
    }

    #[test]
    fn sets_and_atomic_lists() {
        check(
            json!({"finalizers": ["a", "b"], "args": ["x", "y"]}),
            json!({
                "$deleteFromPrimitiveList/finalizers": ["a"],
                "finalizers": ["b", "c"],
                "args": ["z"],
            }),
            json!({"finalizers": ["b", "c"], "args": ["z"]}),
        );
    }

    #[test]
    fn maps_follow_their_directives() {
        check(
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
            json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}),
            json!({"strategy": {"type": "Recreate"}}),
        );
        check(
            json!({"a": {"x": 1}, "b": {"x": 1}, "c": 1}),
            json!({"a": {"$patch": "replace", "y": 2}, "b": {"$patch": "delete"}, "c": null}),
            json!({"a": {"y": 2}}),
        );
        check(
            json!({}),
            json!({"volumes": [{"name": "v", "emptyDir": {"x": null}}], "m": {"k": null}}),
            json!({"volumes": [{"name": "v", "emptyDir": {}}], "m": {}}),
        );
        check(
            json!({"volumes": [{"name": "v"}]}),
            json!({"volumes": [{"$patch": "replace"}, {"name": "w"}]}),
            json!({"volumes": [{"name": "w"}]}),
        );
    }

    #[test]
    fn what_cannot_be_merged_is_refused() {
        let mut object = json!({"containers": [{"name": "a"}]});
        assert!(merge(&mut object, &json!({"containers": [{"image": "x"}]})).is_err());
        assert!(merge(&mut object, &json!({"spec": {"$patch": "explode"}})).is_err());
        assert!(merge(&mut object, &json!([])).is_err());
    }
}
