//! What is listed, and what is remembered for watches.

use super::super::objects::HISTORY_MAX;
use super::*;

#[test]
fn a_list_is_of_its_namespace_only() {
    let mut store = Store::default();
    for (namespace, name) in [("a", "z"), ("b", "y"), ("aa", "x"), ("a", "b")] {
        let object = json!({"metadata": {"name": name, "namespace": namespace}});
        create(&mut store, &kinds::LEASE, object);
    }
    let names = |namespace| -> Vec<String> {
        store.list(&kinds::LEASE, namespace).map(|o| meta::name(o).to_owned()).collect()
    };
    assert_eq!(names(Some("a")), ["b", "z"]);
    assert_eq!(names(Some("b")), ["y"]);
    assert_eq!(names(Some("c")), [""; 0]);
    assert_eq!(names(None), ["b", "z", "x", "y"]);
}

#[test]
fn a_watch_from_too_long_ago_or_from_the_future_has_to_list_again() {
    let mut store = Store::default();
    create(&mut store, &kinds::LEASE, lease("a"));
    for i in 0..HISTORY_MAX {
        let holder = |object: &mut Value| object["spec"]["holderIdentity"] = json!(i.to_string());
        change(&mut store, &kinds::LEASE, "a", Part::Spec, holder).unwrap();
    }
    let refusal = store.since(&kinds::LEASE, None, 0).unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (410, "Expired"));
    assert_eq!(refusal.message, "too old resource version: 0 (1)");
    assert_eq!(store.since(&kinds::LEASE, None, 1).unwrap().len(), HISTORY_MAX);
    assert_eq!(store.since(&kinds::LEASE, None, store.version() + 1).unwrap_err().code, 410);
}
