//! Single writes: what the server decides, keeps apart, and lets go.

use serde_json::json;

use super::*;

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
