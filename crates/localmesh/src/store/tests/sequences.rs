//! What holds over any sequence of writes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

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
