//! Kubernetes' strategic merge patch: like a merge patch, but lists of the built-in kinds are
//! merged by a key, and `$patch` and its kin say what a merge cannot. Pure. After
//! `k8s.io/apimachinery/pkg/util/strategicpatch`.

use serde_json::{Map, Value};

use super::directives::{DELETE_FROM, DIRECTIVE, ORDER, RETAIN, deeper, strip_directives};
use super::strategic_lists::{merge_lists, remove_from_set, set_order};
use crate::store::Refusal;

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

fn merge_maps(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    depth: usize,
) -> Result<(), Refusal> {
    let depth = deeper(depth)?;
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
            *slot = Value::Array(merge_lists(field, present, change, depth, merge)?);
        }
        other => {
            target.insert(field.to_owned(), other.clone());
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
