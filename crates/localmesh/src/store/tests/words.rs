//! What is refused, and in which words.

use super::super::names;
use super::super::new_object::OBJECT_BYTES_MAX;
use super::*;

#[test]
fn refusals_are_in_kubernetes_words() {
    let mut store = Store::default();
    create(&mut store, &kinds::DEPLOYMENT, deployment("web"));
    let again = store.create(&kinds::DEPLOYMENT, deployment("web"), &stamp(9), false);
    refused(again, 409, "AlreadyExists", "deployments.apps \"web\" already exists");
    let gone = delete(&mut store, &kinds::POD, "x");
    refused(gone, 404, "NotFound", "pods \"x\" not found");
    let stale = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, |object| {
        object["metadata"]["resourceVersion"] = json!("99");
    });
    refused(
        stale,
        409,
        "Conflict",
        "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; \
         please apply your changes to the latest version and try again",
    );
    let upper = store.create(&kinds::SERVICE, lease("Web"), &stamp(9), false).unwrap_err();
    assert_eq!(upper.code, 422);
    assert!(
        upper.message.starts_with(
            "Service \"Web\" is invalid: metadata.name: Invalid value: \"Web\": a DNS-1035 label \
             must consist of lower case alphanumeric characters or '-'"
        ),
        "{upper}"
    );
    let versioned = store.create(
        &kinds::LEASE,
        json!({"metadata": {"name": "a", "namespace": "shop", "resourceVersion": "1"}}),
        &stamp(9),
        false,
    );
    let message = "resourceVersion should not be set on objects to be created";
    refused(versioned, 400, "BadRequest", message);
}

#[test]
fn names_follow_their_kind() {
    let ok = |kind, name: &str| names::check(kind, name).is_ok();
    for good in ["a", "a-b.c", "0a", &"a".repeat(253)] {
        assert!(ok(&kinds::POD, good), "{good}");
    }
    for bad in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "ä", "a/b", &"a".repeat(254)] {
        assert!(!ok(&kinds::POD, bad), "{bad}");
    }
    assert!(ok(&kinds::NAMESPACE, "0a") && !ok(&kinds::NAMESPACE, "a.b"));
    assert!(ok(&kinds::SERVICE, "a0") && !ok(&kinds::SERVICE, "0a"));
    assert!(!ok(&kinds::SERVICE, &"a".repeat(64)));
}

#[test]
fn metadata_that_readers_rely_on_is_checked() {
    let mut store = Store::default();
    for (field, value) in [
        ("labels", json!({"a": 1})),
        ("annotations", json!([])),
        ("finalizers", json!("x")),
        ("finalizers", json!([1])),
        ("ownerReferences", json!({})),
        ("ownerReferences", json!([{"apiVersion": "v1", "kind": "Pod", "name": "p"}])),
    ] {
        let mut object = lease("a");
        object["metadata"][field] = value;
        let refusal = store.create(&kinds::LEASE, object, &stamp(0), false).unwrap_err();
        assert_eq!(refusal.code, 422, "{refusal}");
        assert!(refusal.message.contains(&format!("metadata.{field}")), "{refusal}");
    }
    for odd in [json!("a"), json!(null), json!({"metadata": "a"}), json!({"metadata": []})] {
        assert!(store.create(&kinds::LEASE, odd, &stamp(0), false).is_err());
    }
    let mut huge = lease("a");
    huge["spec"]["holderIdentity"] = json!("x".repeat(OBJECT_BYTES_MAX));
    assert_eq!(store.create(&kinds::LEASE, huge, &stamp(0), false).unwrap_err().code, 413);
}
