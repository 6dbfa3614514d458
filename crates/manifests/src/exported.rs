//! Objects as `kubectl get -o yaml` prints them: in a list, and with what the API server wrote on
//! them, which it refuses or ignores when it is sent back.

use serde_json::Value;

/// What of `metadata` is the API server's own word (Kubernetes' `ObjectMeta`: populated by the
/// system, read-only). With a `resourceVersion` it refuses to create an object.
const WRITTEN_BY_THE_SERVER: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What ties an object to the mesh that it was printed from: an owner that is not there has it
/// deleted at once, and a finalizer that nobody serves keeps it for ever.
const TIES: [&str; 2] = ["finalizers", "ownerReferences"];

/// Where `kubectl apply` keeps what it wrote last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The objects of these documents, each by itself and as somebody may have written it; and what was
/// left out of them that matters. Of a list (whatever has `items`, as `kubectl` has it) they are
/// the items.
#[must_use]
pub fn objects(documents: Vec<Value>) -> (Vec<Value>, Vec<String>) {
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for document in documents {
        unpack(document, &mut all);
    }
    for object in &mut all {
        clean(object, &mut notes);
    }
    (all, notes)
}

/// A list in a list is as deep as the text was nested, which is bounded.
fn unpack(mut object: Value, all: &mut Vec<Value>) {
    let items = match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        Some(other) => {
            object["items"] = other;
            return all.push(object);
        }
        // One that is empty may have none.
        None if object["kind"] == "List" => return,
        None => return all.push(object),
    };
    let kind = object["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
    let kind = kind.filter(|kind| !kind.is_empty());
    for mut item in items {
        // The items of a `VirtualServiceList` do not say what they are.
        if let (Some(kind), Value::Object(fields)) = (kind, &mut item) {
            fields.entry("kind").or_insert(kind.into());
            fields.entry("apiVersion").or_insert(object["apiVersion"].clone());
        }
        unpack(item, all);
    }
}

fn clean(object: &mut Value, notes: &mut Vec<String>) {
    let Value::Object(fields) = object else { return };
    fields.shift_remove("status");
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(Value::Object(metadata)) = fields.get_mut("metadata") else { return };
    for field in WRITTEN_BY_THE_SERVER {
        metadata.shift_remove(field);
    }
    let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    for field in TIES {
        let some = metadata.shift_remove(field).is_some_and(|value| !value.is_null());
        notes.extend(some.then(|| {
            format!(
                "{kind} {name}: metadata.{field} is left out: what is added belongs to the run and \
                 ends with it"
            )
        }));
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.shift_remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.shift_remove("annotations");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_wrote_is_left_out_and_nothing_else() {
        let mut printed = json!({
            "kind": "VirtualService", "spec": {"status": 1, "uid": 2}, "status": {},
            "metadata": {
                "name": "a", "labels": {"uid": "x"}, "annotations": {LAST_APPLIED: "{}", "b": "c"},
            },
        });
        for field in WRITTEN_BY_THE_SERVER {
            printed["metadata"][field] = "x".into();
        }
        let (found, notes) = objects(vec![printed]);
        let written = json!({
            "kind": "VirtualService", "spec": {"status": 1, "uid": 2},
            "metadata": {"name": "a", "labels": {"uid": "x"}, "annotations": {"b": "c"}},
        });
        assert_eq!((found, notes.len()), (vec![written], 0));
        let tied = json!({"kind": "A", "metadata": {"name": "a", "finalizers": ["x"],
            "ownerReferences": null, "annotations": {LAST_APPLIED: ""}}});
        let (found, notes) = objects(vec![tied]);
        assert_eq!(found, [json!({"kind": "A", "metadata": {"name": "a"}})]);
        assert!(notes.len() == 1 && notes[0].starts_with("A a: metadata.finalizers is left out"));
    }

    #[test]
    fn lists_are_their_items() {
        let one = |name: &str| json!({"kind": "A", "metadata": {"name": name}});
        let list = json!({"kind": "List", "apiVersion": "v1", "items": [one("a"), one("b")]});
        let of_lists = json!({"kind": "List", "items": [list, one("c")]});
        assert_eq!(objects(vec![of_lists, one("d")]).0, ["a", "b", "c", "d"].map(one));
        let typed = json!({"kind": "AList", "apiVersion": "x/v1", "items": [{"metadata": {}}]});
        let item = json!({"metadata": {}, "kind": "A", "apiVersion": "x/v1"});
        assert_eq!(objects(vec![typed]).0, [item]);
        assert_eq!(objects(vec![json!({"kind": "List"})]).0, [] as [Value; 0]);
        // What is no list, and what is no object, is somebody else's to refuse.
        let odd = [json!({"kind": "List", "items": 5}), json!("a"), json!([1])];
        assert_eq!(objects(odd.to_vec()).0, odd);
    }
}
