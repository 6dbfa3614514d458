//! What every write passes, asked through the registry as everybody asks it.

use serde_json::{Value, json};

use crate::kinds::{self, Kind};
use crate::registry::{Registry, WriteMode};
use crate::store::{Part, Refusal};

fn create(registry: &Registry, kind: &'static Kind, spec: Value) -> Result<Value, Refusal> {
    let mut object = json!({"metadata": {"name": "a", "namespace": "default"}});
    let Value::Object(spec) = spec else { panic!("a test gives an object") };
    for (field, value) in spec {
        object[field] = value;
    }
    registry.create(kind, object, WriteMode::default()).map(|object| (*object).clone())
}

fn update(
    registry: &Registry,
    kind: &'static Kind,
    change: impl FnOnce(&mut Value),
) -> Result<Value, Refusal> {
    registry.update(kind, "default", "a", Part::Spec, change).map(|object| (*object).clone())
}

fn containers() -> Value {
    json!({"containers": [{"name": "app", "image": "example.org/app"}]})
}

fn deployment() -> Value {
    json!({"spec": {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": containers()},
    }})
}

fn job() -> Value {
    let mut spec = containers();
    spec["restartPolicy"] = json!("Never");
    json!({"spec": {"template": {"spec": spec}}})
}

/// Asserts the refusal of an object that is right but for one change.
#[track_caller]
fn refused(kind: &'static Kind, right: Value, change: impl FnOnce(&mut Value), message: &str) {
    let registry = Registry::default();
    let mut wrong = right.clone();
    change(&mut wrong);
    let refusal = create(&registry, kind, wrong).unwrap_err();
    assert!(matches!(refusal.code, 400 | 422), "{refusal}");
    assert!(refusal.message.contains(message), "{refusal}");
    create(&registry, kind, right).unwrap();
}

#[test]
fn defaults_are_kubernetes() {
    let registry = Registry::default();
    let service = json!({"spec": {"ports": [{"port": 80}, {"name": "b", "port": 81}]}});
    let mut named = service.clone();
    named["spec"]["ports"][0]["name"] = json!("a");
    insta::assert_json_snapshot!(
        "service",
        create(&registry, &kinds::SERVICE, named).unwrap()["spec"]
    );
    let made = create(&registry, &kinds::DEPLOYMENT, deployment()).unwrap();
    insta::assert_json_snapshot!("deployment", made["spec"]);
    let made = create(&registry, &kinds::JOB, job()).unwrap();
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let shown = made["spec"].to_string().replace(uid, "UID");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    insta::assert_json_snapshot!("job", shown);
}

#[test]
fn a_namespace_is_labelled_and_kept_by_its_finalizer() {
    let registry = Registry::default();
    let object = json!({"metadata": {"name": "shop"}, "spec": {"finalizers": []}});
    let made = registry.create(&kinds::NAMESPACE, object, WriteMode::default()).unwrap();
    assert_eq!(made["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(made["status"]["phase"], "Active");
    assert_eq!(made["metadata"]["labels"]["kubernetes.io/metadata.name"], "shop");
    let drop = |namespace: &mut Value| namespace["spec"] = json!({"finalizers": []});
    let kept = registry.update(&kinds::NAMESPACE, "", "shop", Part::Spec, drop).unwrap();
    assert_eq!(kept["spec"]["finalizers"], json!(["kubernetes"]));
}

#[test]
fn a_service_keeps_an_address_of_its_own() {
    let registry = Registry::default();
    let service = || json!({"spec": {"ports": [{"port": 80}]}});
    let made = create(&registry, &kinds::SERVICE, service()).unwrap();
    let address = made["spec"]["clusterIP"].clone();
    assert!(address.as_str().unwrap().starts_with("10.96."), "{address}");
    assert_eq!(made["spec"]["clusterIPs"], json!([address]));
    // The same name gets the same address in another mesh.
    let other = create(&Registry::default(), &kinds::SERVICE, service()).unwrap();
    assert_eq!(other["spec"]["clusterIP"], address);
    // A PUT of the manifest, which has no address, keeps it; another one is refused.
    let put = |object: &mut Value| object["spec"] = service()["spec"].clone();
    assert_eq!(update(&registry, &kinds::SERVICE, put).unwrap()["spec"]["clusterIP"], address);
    let moved = |object: &mut Value| object["spec"]["clusterIP"] = json!("10.96.1.1");
    let refusal = update(&registry, &kinds::SERVICE, moved).unwrap_err();
    assert_eq!(refusal.code, 422, "{refusal}");
    for (wanted, code) in
        [(address.clone(), 422), (json!("10.97.0.1"), 422), (json!("nonsense"), 422)]
    {
        let mut object = service();
        object["metadata"] = json!({"name": "b", "namespace": "default"});
        object["spec"]["clusterIP"] = wanted;
        let refusal = create(&registry, &kinds::SERVICE, object).unwrap_err();
        assert_eq!(refusal.code, code, "{refusal}");
    }
    let headless = json!({
        "metadata": {"name": "c", "namespace": "default"},
        "spec": {"clusterIP": "None", "ports": [{"port": 80}]},
    });
    let made = create(&registry, &kinds::SERVICE, headless).unwrap();
    assert_eq!(made["spec"]["clusterIP"], "None");
}

#[test]
fn all_services_have_different_addresses() {
    let registry = Registry::default();
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..500 {
        let object = json!({
            "metadata": {"name": format!("s{i}"), "namespace": "default"},
            "spec": {"ports": [{"port": 80}]},
        });
        let made = registry.create(&kinds::SERVICE, object, WriteMode::default()).unwrap();
        assert!(seen.insert(made["spec"]["clusterIP"].to_string()));
    }
}

#[test]
fn what_a_service_may_not_say() {
    let right = || json!({"spec": {"ports": [{"port": 80}]}});
    let set = |pointer: &'static str, value: Value| {
        move |object: &mut Value| *object.pointer_mut(pointer).unwrap() = value
    };
    refused(&kinds::SERVICE, right(), set("/spec/ports", json!([])), "spec.ports: Required value");
    let two = json!([{"port": 80}, {"port": 81}]);
    refused(&kinds::SERVICE, right(), set("/spec/ports", two), "spec.ports[0].name: Required");
    for port in [0, -1, 65_536] {
        let ports = json!([{"port": port}]);
        refused(&kinds::SERVICE, right(), set("/spec/ports", ports), "between 1 and 65535");
    }
    let text = set("/spec/ports", json!("80"));
    refused(&kinds::SERVICE, right(), text, "cannot be handled as a Service");
}

#[test]
fn what_a_deployment_may_not_say() {
    let set = |pointer: &'static str, value: Value| {
        move |object: &mut Value| *object.pointer_mut(pointer).unwrap() = value
    };
    for (pointer, value, message) in [
        ("/spec/selector", json!({}), "spec.selector: Required value"),
        ("/spec/selector/matchLabels/app", json!("b"), "`selector` does not match template"),
        ("/spec/template/spec/containers", json!([]), "spec.template.spec.containers: Required"),
        ("/spec/template/spec/containers/0/name", json!(""), "containers[0].name: Required value"),
        ("/spec/template/spec/containers/0/name", json!("A b"), "Invalid value: \"A b\""),
        ("/spec/template/spec/containers/0/image", json!(""), "containers[0].image: Required"),
        ("/spec/template", json!([1]), "cannot be handled as a Deployment"),
        ("/spec", json!("x"), "cannot be handled as a Deployment"),
    ] {
        refused(&kinds::DEPLOYMENT, deployment(), set(pointer, value), message);
    }
    for (field, value, message) in [
        ("replicas", json!(-1), "spec.replicas: Invalid value: -1: must be greater than or equal"),
        ("replicas", json!("two"), "cannot be handled as a Deployment"),
        ("replicas", json!(99_999_999_999_i64), "cannot be handled as a Deployment"),
        ("strategy", json!({"type": "Odd"}), "Unsupported value: \"Odd\""),
    ] {
        let change = |object: &mut Value| object["spec"][field] = value.clone();
        refused(&kinds::DEPLOYMENT, deployment(), change, message);
    }
}

#[test]
fn what_a_job_may_not_say() {
    for (field, value, message) in [
        ("activeDeadlineSeconds", json!(-1), "spec.activeDeadlineSeconds: Invalid value: -1"),
        ("parallelism", json!(-1), "spec.parallelism: Invalid value: -1"),
        ("completionMode", json!("Indexed"), "NonIndexed"),
        ("template", json!({"spec": containers()}), "valid values: \"OnFailure\", \"Never\""),
    ] {
        let change = |object: &mut Value| object["spec"][field] = value.clone();
        refused(&kinds::JOB, job(), change, message);
    }
}

#[test]
fn what_may_not_change_later() {
    let registry = Registry::default();
    create(&registry, &kinds::DEPLOYMENT, deployment()).unwrap();
    let relabel = |object: &mut Value| {
        object["spec"]["selector"]["matchLabels"] = json!({"app": "b"});
        object["spec"]["template"]["metadata"]["labels"] = json!({"app": "b"});
    };
    let refusal = update(&registry, &kinds::DEPLOYMENT, relabel).unwrap_err();
    assert!(refusal.message.ends_with("field is immutable"), "{refusal}");
    create(&registry, &kinds::JOB, job()).unwrap();
    let reimage = |object: &mut Value| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("other");
    };
    let refusal = update(&registry, &kinds::JOB, reimage).unwrap_err();
    assert!(refusal.message.ends_with("field is immutable"), "{refusal}");
    let deadline = |object: &mut Value| object["spec"]["activeDeadlineSeconds"] = json!(60);
    update(&registry, &kinds::JOB, deadline).unwrap();
    create(&registry, &kinds::POD, json!({"spec": containers()})).unwrap();
    update(&registry, &kinds::POD, |pod| pod["spec"]["nodeName"] = json!("local")).unwrap();
    let moved = update(&registry, &kinds::POD, |pod| pod["spec"]["nodeName"] = json!("other"));
    assert!(moved.unwrap_err().message.contains("pod updates may not change fields other than"));
    let reimage = |pod: &mut Value| pod["spec"]["containers"][0]["image"] = json!("other");
    update(&registry, &kinds::POD, reimage).unwrap();
}

#[test]
fn a_secrets_texts_are_encoded() {
    let registry = Registry::default();
    let secret = json!({"stringData": {"rootpasswd": "password"}, "data": {"a": "Yg=="}});
    let made = create(&registry, &kinds::SECRET, secret).unwrap();
    assert_eq!(made["data"], json!({"a": "Yg==", "rootpasswd": "cGFzc3dvcmQ="}));
    assert_eq!(made.get("stringData"), None);
    assert_eq!(made["type"], "Opaque");
    let odd = json!({
        "metadata": {"name": "b", "namespace": "default"},
        "data": {"a": "not base64!"},
    });
    assert_eq!(create(&registry, &kinds::SECRET, odd).unwrap_err().code, 400);
}

#[test]
fn a_new_object_has_the_status_it_has_earned() {
    let registry = Registry::default();
    let mut object = deployment();
    object["status"] = json!({"availableReplicas": 9});
    assert_eq!(create(&registry, &kinds::DEPLOYMENT, object).unwrap().get("status"), None);
    let pod = json!({"spec": containers(), "status": {"phase": "Running"}});
    assert_eq!(create(&registry, &kinds::POD, pod).unwrap()["status"]["phase"], "Pending");
}

#[test]
fn a_pod_is_injected_where_its_namespace_asks() {
    let registry = Registry::default();
    let object = json!({"metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}});
    registry.create(&kinds::NAMESPACE, object, WriteMode::default()).unwrap();
    for (namespace, containers_expected) in [("shop", 2), ("default", 1)] {
        let pod = json!({
            "metadata": {"name": "p", "namespace": namespace},
            "spec": containers(),
        });
        let made = registry.create(&kinds::POD, pod, WriteMode::default()).unwrap();
        let containers = made["spec"]["containers"].as_array().unwrap();
        assert_eq!(containers.len(), containers_expected);
        assert!(containers.iter().all(|c| c["imagePullPolicy"].is_string()));
    }
}

#[test]
fn who_refuses_an_istio_object_is_said_once() {
    let registry = Registry::default();
    let object = json!({"spec": {"hosts": [], "http": []}});
    let refusal = create(&registry, &kinds::VIRTUAL_SERVICE, object).unwrap_err();
    assert_eq!((refusal.code, refusal.message.matches("admission webhook").count()), (400, 1));
    let object = json!({"spec": {"hosts": "a"}});
    let refusal = create(&registry, &kinds::VIRTUAL_SERVICE, object).unwrap_err();
    assert!(refusal.message.starts_with("spec.hosts"), "{refusal}");
}

proptest::proptest! {
    /// Whatever is sent, the answer is an object or a refusal.
    #[test]
    fn odd_input_never_panics(
        kind in 0..kinds::ALL.len(),
        path in proptest::sample::select(vec![
            "/metadata", "/metadata/labels", "/metadata/annotations", "/spec", "/spec/selector",
            "/spec/template", "/spec/template/metadata", "/spec/template/metadata/labels",
            "/spec/template/spec", "/spec/template/spec/containers", "/spec/strategy",
            "/spec/ports", "/spec/containers", "/data", "/stringData", "/status",
        ]),
        odd in proptest::sample::select(vec![
            json!(null), json!(1), json!("x"), json!([]), json!([null]), json!(["x"]), json!([[1]]),
            json!({}), json!({"x": null}), json!({"type": null}), json!(true),
            json!([{"name": null}]), json!({"matchLabels": "x"}), json!({"rollingUpdate": 1}),
        ]),
    ) {
        let registry = Registry::default();
        let mut object = json!({"metadata": {"name": "a", "namespace": "default"}, "spec": {}});
        for (field, value) in deployment().as_object().unwrap() {
            object[field] = value.clone();
        }
        object["spec"]["containers"] = containers()["containers"].clone();
        object["spec"]["ports"] = json!([{"port": 80}]);
        let (parent, field) = path.rsplit_once('/').unwrap();
        if let Some(Value::Object(parent)) = object.pointer_mut(parent) {
            parent.insert(field.to_owned(), odd);
        }
        let made = registry.create(kinds::ALL[kind], object, WriteMode::default());
        if let Ok(made) = made {
            proptest::prop_assert!(made["metadata"]["uid"].is_string());
        }
    }
}
