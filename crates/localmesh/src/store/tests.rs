//! What the store promises, over any sequence of writes and in Kubernetes' words.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::kinds;
use super::*;

fn stamp(n: u64) -> Stamp {
    Stamp {
        time: "2026-01-02T03:04:05Z".to_owned(),
        uid: format!("uid-{n}"),
        suffix: "x7k2p".to_owned(),
    }
}

fn lease(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"holderIdentity": "a"}})
}

fn deployment(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"replicas": 1}})
}

fn create(store: &mut Store, kind: &'static Kind, object: Value) -> Arc<Object> {
    let n = store.version();
    store.create(kind, object, &stamp(n), false).unwrap().object
}

fn change(
    store: &mut Store,
    kind: &'static Kind,
    name: &str,
    part: Part,
    change: impl FnOnce(&mut Value),
) -> Result<Written, Refusal> {
    let mut object = (*store.get(kind, "shop", name).unwrap()).clone();
    change(&mut object);
    let merged = store.merged(kind, "shop", name, part, object)?;
    store.replace(kind, merged, false)
}

fn delete(store: &mut Store, kind: &'static Kind, name: &str) -> Result<Written, Refusal> {
    store.delete(kind, "shop", name, &Preconditions::default(), &stamp(0), false)
}

#[test]
fn a_new_object_gets_what_the_server_decides() {
    let mut store = Store::default();
    let mut object = deployment("web");
    object["metadata"]["uid"] = json!("mine");
    object["metadata"]["generation"] = json!(7);
    object["metadata"]["deletionTimestamp"] = json!("2020-01-01T00:00:00Z");
    object["metadata"]["managedFields"] = json!([{}]);
    let made = create(&mut store, &kinds::DEPLOYMENT, object);
    assert_eq!(
        *made,
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "web",
                "namespace": "shop",
                "uid": "uid-0",
                "creationTimestamp": "2026-01-02T03:04:05Z",
                "generation": 1,
                "resourceVersion": "1",
            },
            "spec": {"replicas": 1},
        })
    );
}

#[test]
fn generate_name_is_extended() {
    let mut store = Store::default();
    let object = json!({"metadata": {"generateName": "web-", "namespace": "shop"}});
    assert_eq!(meta::name(&create(&mut store, &kinds::POD, object)), "web-x7k2p");
}

#[test]
fn istio_objects_are_stored_in_their_preferred_version() {
    let mut store = Store::default();
    let mut object = lease("hotels");
    object["apiVersion"] = json!("networking.istio.io/v1alpha3");
    let made = create(&mut store, &kinds::VIRTUAL_SERVICE, object);
    assert_eq!(made["apiVersion"], "networking.istio.io/v1");
}

#[track_caller]
fn refused(answer: Result<Written, Refusal>, code: u16, reason: &str, message: &str) {
    let refusal = answer.unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (code, reason), "{refusal}");
    assert_eq!(refusal.message, message);
}

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
    huge["spec"]["holderIdentity"] = json!("x".repeat(rules::OBJECT_BYTES_MAX));
    assert_eq!(store.create(&kinds::LEASE, huge, &stamp(0), false).unwrap_err().code, 413);
}

#[test]
fn spec_and_status_are_kept_apart() {
    let mut store = Store::default();
    create(&mut store, &kinds::DEPLOYMENT, deployment("web"));
    let both = |object: &mut Value| {
        object["spec"]["replicas"] = json!(3);
        object["status"] = json!({"replicas": 9});
        object["metadata"]["labels"] = json!({"a": "b"});
    };
    let written = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Status, both).unwrap();
    assert_eq!(written.object["spec"]["replicas"], 1);
    assert_eq!(written.object["status"]["replicas"], 9);
    assert_eq!(written.object["metadata"]["generation"], 1);
    assert_eq!(written.object["metadata"].get("labels"), None);
    let other = |object: &mut Value| {
        object["spec"]["replicas"] = json!(3);
        object["status"] = json!({"replicas": 0});
    };
    let written = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, other).unwrap();
    assert_eq!(written.object["spec"]["replicas"], 3);
    assert_eq!(written.object["status"]["replicas"], 9);
    assert_eq!(written.object["metadata"]["generation"], 2);
}

#[test]
fn without_a_status_subresource_everything_is_written() {
    let mut store = Store::default();
    create(&mut store, &kinds::LEASE, lease("a"));
    let status = |object: &mut Value| object["status"] = json!({"x": 1});
    let written = change(&mut store, &kinds::LEASE, "a", Part::Spec, status).unwrap();
    assert_eq!(written.object["status"]["x"], 1);
}

#[test]
fn a_change_of_labels_is_no_new_generation_and_nothing_is_no_change() {
    let mut store = Store::default();
    create(&mut store, &kinds::DEPLOYMENT, deployment("web"));
    let label = |object: &mut Value| object["metadata"]["labels"] = json!({"a": "b"});
    let written = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, label).unwrap();
    assert_eq!(written.object["metadata"]["generation"], 1);
    assert_eq!(store.version(), 2);
    let nothing = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, |_| {}).unwrap();
    assert!(nothing.event.is_none());
    assert_eq!(store.version(), 2);
}

#[test]
fn what_the_server_decided_cannot_be_changed() {
    let mut store = Store::default();
    let made = create(&mut store, &kinds::DEPLOYMENT, deployment("web"));
    let written = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, |object| {
        object["apiVersion"] = json!("apps/v9");
        let metadata = meta::metadata(object);
        metadata.insert("creationTimestamp".to_owned(), json!("2020-01-01T00:00:00Z"));
        metadata.insert("deletionTimestamp".to_owned(), json!("2020-01-01T00:00:00Z"));
        metadata.insert("generation".to_owned(), json!(70));
        metadata.shift_remove("uid");
        metadata.shift_remove("resourceVersion");
    });
    assert_eq!(written.unwrap().object, made);
    let uid = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, |object| {
        object["metadata"]["uid"] = json!("other");
    });
    refused(
        uid,
        409,
        "Conflict",
        "Operation cannot be fulfilled on deployments.apps \"web\": Precondition failed: UID in \
         precondition: other, UID in object meta: uid-0",
    );
    let renamed = change(&mut store, &kinds::DEPLOYMENT, "web", Part::Spec, |object| {
        object["metadata"]["name"] = json!("other");
    });
    assert_eq!(renamed.unwrap_err().code, 400);
}

#[test]
fn a_delete_has_its_preconditions() {
    let mut store = Store::default();
    create(&mut store, &kinds::LEASE, lease("a"));
    let wrong_uid = Preconditions { uid: Some("other".to_owned()), ..Preconditions::default() };
    let wrong_version =
        Preconditions { resource_version: Some("7".to_owned()), ..Preconditions::default() };
    for wrong in [wrong_uid, wrong_version] {
        let answer = store.delete(&kinds::LEASE, "shop", "a", &wrong, &stamp(0), false);
        assert_eq!(answer.unwrap_err().code, 409);
    }
    let right = Preconditions {
        uid: Some("uid-0".to_owned()),
        resource_version: Some("1".to_owned()),
        ..Preconditions::default()
    };
    let gone = store.delete(&kinds::LEASE, "shop", "a", &right, &stamp(0), false).unwrap();
    assert_eq!(gone.object["metadata"]["resourceVersion"], "2");
    assert_eq!(gone.event.unwrap().change, Change::Deleted);
    assert!(store.get(&kinds::LEASE, "shop", "a").is_none());
}

#[test]
fn an_object_goes_with_its_last_finalizer() {
    let mut store = Store::default();
    let mut held = lease("a");
    held["metadata"]["finalizers"] = json!(["example.org/one", "example.org/two"]);
    create(&mut store, &kinds::LEASE, held);
    let marked = delete(&mut store, &kinds::LEASE, "a").unwrap();
    assert_eq!(marked.event.unwrap().change, Change::Modified);
    assert_eq!(marked.object["metadata"]["deletionTimestamp"], "2026-01-02T03:04:05Z");
    let version = store.version();
    delete(&mut store, &kinds::LEASE, "a").unwrap();
    assert_eq!(store.version(), version, "a second delete changes nothing");
    let more = change(&mut store, &kinds::LEASE, "a", Part::Spec, |object| {
        object["metadata"]["finalizers"] = json!(["example.org/one", "example.org/new"]);
    });
    assert_eq!(more.unwrap_err().code, 422);
    let mut left = |finalizers: Value| {
        let set = |object: &mut Value| object["metadata"]["finalizers"] = finalizers;
        change(&mut store, &kinds::LEASE, "a", Part::Spec, set).unwrap().event.unwrap().change
    };
    assert_eq!(left(json!(["example.org/two"])), Change::Modified);
    assert_eq!(left(json!([])), Change::Deleted);
    assert!(store.get(&kinds::LEASE, "shop", "a").is_none());
}

#[test]
fn a_job_leaves_its_dependents_unless_told_otherwise() {
    let mut store = Store::default();
    let finalizers = |store: &mut Store, propagation| {
        create(store, &kinds::JOB, lease("a"));
        let how = Preconditions { propagation, ..Preconditions::default() };
        let answer = store.delete(&kinds::JOB, "shop", "a", &how, &stamp(0), false).unwrap();
        let finalizers = meta::list(&answer.object, "/metadata/finalizers").to_vec();
        if store.get(&kinds::JOB, "shop", "a").is_some() {
            let free = |object: &mut Value| object["metadata"]["finalizers"] = json!([]);
            change(store, &kinds::JOB, "a", Part::Spec, free).unwrap();
        }
        finalizers
    };
    assert_eq!(finalizers(&mut store, None), [json!("orphan")]);
    let foreground = finalizers(&mut store, Some(Propagation::Foreground));
    assert_eq!(foreground, [json!("foregroundDeletion")]);
    assert!(finalizers(&mut store, Some(Propagation::Background)).is_empty());
}

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

/// One write of the property tests.
#[derive(Debug, Clone)]
enum Op {
    Create(u8, bool),
    Spec(u8, u8),
    Status(u8, u8),
    Release(u8),
    Delete(u8),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        (0..4u8, any::<bool>()).prop_map(|(name, held)| Op::Create(name, held)),
        (0..4u8, 0..3u8).prop_map(|(name, value)| Op::Spec(name, value)),
        (0..4u8, 0..3u8).prop_map(|(name, value)| Op::Status(name, value)),
        (0..4u8).prop_map(Op::Release),
        (0..4u8).prop_map(Op::Delete),
    ];
    proptest::collection::vec(op, 0..60)
}

fn perform(store: &mut Store, op: &Op) -> Option<Written> {
    let kind = &kinds::DEPLOYMENT;
    let name = |name: &u8| format!("d{name}");
    let exists = |store: &Store, name: &str| store.get(kind, "shop", name).is_some();
    match op {
        Op::Create(n, held) => {
            let mut object = deployment(&name(n));
            if *held {
                object["metadata"]["finalizers"] = json!(["example.org/held"]);
            }
            let stamp = stamp(store.version());
            store.create(kind, object, &stamp, false).ok()
        }
        Op::Spec(n, value) if exists(store, &name(n)) => {
            let set = |object: &mut Value| object["spec"]["replicas"] = json!(value);
            change(store, kind, &name(n), Part::Spec, set).ok()
        }
        Op::Status(n, value) if exists(store, &name(n)) => {
            let set = |object: &mut Value| object["status"] = json!({"replicas": value});
            change(store, kind, &name(n), Part::Status, set).ok()
        }
        Op::Release(n) if exists(store, &name(n)) => {
            let set = |object: &mut Value| object["metadata"]["finalizers"] = json!([]);
            change(store, kind, &name(n), Part::Spec, set).ok()
        }
        Op::Spec(..) | Op::Status(..) | Op::Release(_) => None,
        Op::Delete(n) => delete(store, kind, &name(n)).ok(),
    }
}

type View = BTreeMap<String, Arc<Object>>;

fn view(store: &Store) -> View {
    let objects = store.list(&kinds::DEPLOYMENT, None);
    objects.map(|object| (meta::name(object).to_owned(), Arc::clone(object))).collect()
}

proptest! {
    #[test]
    fn versions_strictly_increase_and_every_write_is_told(ops in ops()) {
        let mut store = Store::default();
        let mut last = 0;
        for op in &ops {
            let before = view(&store);
            let event = perform(&mut store, op).and_then(|written| written.event);
            if let Some(event) = event {
                prop_assert!(event.version > last);
                prop_assert_eq!(
                    meta::text(&event.object, "/metadata/resourceVersion"),
                    event.version.to_string()
                );
                last = event.version;
            } else {
                prop_assert_eq!(before, view(&store));
            }
            prop_assert_eq!(store.version(), last);
        }
    }

    #[test]
    fn replaying_a_watch_from_any_version_gives_the_list(ops in ops(), from in 0..60usize) {
        let mut store = Store::default();
        let mut then = (0, View::new());
        for (i, op) in ops.iter().enumerate() {
            if i == from {
                then = (store.version(), view(&store));
            }
            perform(&mut store, op);
        }
        let (version, mut seen) = then;
        for event in store.since(&kinds::DEPLOYMENT, Some("shop"), version).unwrap() {
            let name = meta::name(&event.object).to_owned();
            let before = match event.change {
                Change::Added | Change::Modified => seen.insert(name, event.object),
                Change::Deleted => seen.remove(&name),
            };
            prop_assert_eq!(before.is_some(), event.change != Change::Added);
        }
        prop_assert_eq!(seen, view(&store));
    }

    #[test]
    fn a_stale_write_never_wins(ops in ops(), read_at in 0..60usize) {
        let mut store = Store::default();
        create(&mut store, &kinds::DEPLOYMENT, deployment("d0"));
        let mut read = store.get(&kinds::DEPLOYMENT, "shop", "d0").unwrap();
        for (i, op) in ops.iter().enumerate() {
            if i == read_at && let Some(now) = store.get(&kinds::DEPLOYMENT, "shop", "d0") {
                read = now;
            }
            perform(&mut store, op);
        }
        let now = store.get(&kinds::DEPLOYMENT, "shop", "d0");
        let mut mine = (*read).clone();
        mine["spec"]["replicas"] = json!(99);
        let answer = store
            .merged(&kinds::DEPLOYMENT, "shop", "d0", Part::Spec, mine)
            .and_then(|merged| store.replace(&kinds::DEPLOYMENT, merged, false));
        if now.as_ref() == Some(&read) {
            prop_assert_eq!(&answer.unwrap().object["spec"]["replicas"], &json!(99));
        } else {
            prop_assert!(matches!(answer.unwrap_err().code, 404 | 409));
            prop_assert_eq!(store.get(&kinds::DEPLOYMENT, "shop", "d0"), now);
        }
    }
}
