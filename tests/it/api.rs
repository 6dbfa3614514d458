//! What the `kube` crate does with the local API server: the road the runner takes.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, LogParams, Patch,
    PatchParams, PostParams, Preconditions, WatchEvent, WatchParams,
};
use kube::{Client, Discovery, Error};
use localmesh::kinds;
use localmesh::store::Part;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::mesh::BareMesh;

fn config_map(name: &str, app: &str) -> ConfigMap {
    let metadata = json!({"name": name, "labels": {"app": app}});
    serde_json::from_value(json!({"metadata": metadata, "data": {"k": "v"}})).unwrap()
}

fn virtual_services(client: &Client) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk("networking.istio.io", "v1", "VirtualService");
    Api::namespaced_with(client.clone(), "default", &ApiResource::from_gvk(&gvk))
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String) {
    match result {
        Err(Error::Api(status)) => (status.code, status.reason),
        other => panic!("not a refusal: {other:?}"),
    }
}

#[tokio::test]
async fn versions_guard_writes() {
    let mesh = BareMesh::start().await;
    let api: Api<ConfigMap> = Api::default_namespaced(mesh.client().await);
    let post = PostParams::default();
    let mut first = api.create(&post, &config_map("c", "a")).await.unwrap();
    let exists = code(api.create(&post, &config_map("c", "a")).await);
    assert_eq!(exists, (409, "AlreadyExists".to_owned()));
    let stale = first.clone();
    first.data.get_or_insert_default().insert("k".to_owned(), "w".to_owned());
    api.replace("c", &post, &first).await.unwrap();
    assert_eq!(code(api.replace("c", &post, &stale).await), (409, "Conflict".to_owned()));
    assert_eq!(code(api.get("d").await), (404, "NotFound".to_owned()));

    let other = Preconditions { uid: Some("other".to_owned()), resource_version: None };
    let other = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(code(api.delete("c", &other).await).0, 409);
    let dry = DeleteParams { dry_run: true, ..DeleteParams::default() };
    api.delete("c", &dry).await.unwrap();
    assert!(api.delete("c", &DeleteParams::default()).await.unwrap().is_right());
}

#[tokio::test]
async fn patches_are_guarded_by_their_tests() {
    let mesh = BareMesh::start().await;
    let api = virtual_services(&mesh.client().await);
    let object = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"generateName": "faultless-"},
        "spec": {
            "hosts": ["hotels"],
            "http": [{"route": [{"destination": {"host": "hotels"}}]}],
        },
    });
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    let made = api.create(&PostParams::default(), &object).await.unwrap();
    let name = made.metadata.name.clone().unwrap();
    assert!(name.starts_with("faultless-") && name.len() > 10, "{name}");
    let change = |tested: Value| {
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": made.metadata.uid},
            {"op": "test", "path": "/spec", "value": tested},
            {"op": "replace", "path": "/spec/hosts", "value": ["cars"]},
        ]);
        Patch::Json::<()>(serde_json::from_value(patch).unwrap())
    };
    let params = PatchParams::default();
    let refused = code(api.patch(&name, &params, &change(json!({}))).await);
    assert_eq!(refused.0, 422);
    let right = change(made.data["spec"].clone());
    let patched = api.patch(&name, &params, &right).await.unwrap();
    assert_eq!(patched.data["spec"]["hosts"], json!(["cars"]));
    let again = code(api.patch(&name, &params, &right).await);
    assert_eq!(again.0, 422);
    let apply = PatchParams::apply("it").force();
    assert_eq!(code(api.patch(&name, &apply, &Patch::Apply(&object)).await).0, 415);
}

#[tokio::test]
async fn a_watch_goes_on_where_the_list_stopped() {
    let mesh = BareMesh::start().await;
    let api: Api<ConfigMap> = Api::default_namespaced(mesh.client().await);
    let post = PostParams::default();
    api.create(&post, &config_map("in", "a")).await.unwrap();
    api.create(&post, &config_map("out", "b")).await.unwrap();
    let list = api.list(&ListParams::default().labels("app in (a,c)")).await.unwrap();
    assert_eq!(list.items.len(), 1);
    let version = list.metadata.resource_version.unwrap();
    let params = WatchParams::default().labels("app in (a,c)").timeout(5);
    let mut events = api.watch(&params, &version).await.unwrap().boxed();
    let relabel = |app: &str| Patch::Merge(json!({"metadata": {"labels": {"app": app}}}));
    let patch = PatchParams::default();
    api.patch("out", &patch, &relabel("c")).await.unwrap();
    api.patch("in", &patch, &relabel("b")).await.unwrap();
    api.patch("in", &patch, &relabel("d")).await.unwrap();
    api.delete("out", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let event = timeout(Duration::from_secs(10), events.try_next()).await.unwrap();
        seen.push(match event.unwrap().unwrap() {
            WatchEvent::Added(object) => format!("added {}", object.metadata.name.unwrap()),
            WatchEvent::Deleted(object) => format!("deleted {}", object.metadata.name.unwrap()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, ["added out", "deleted in", "deleted out"]);
}

#[tokio::test]
async fn a_version_too_old_is_a_410() {
    let mesh = BareMesh::start().await;
    let api: Api<ConfigMap> = Api::default_namespaced(mesh.client().await);
    let made = api.create(&PostParams::default(), &config_map("c", "a")).await.unwrap();
    for i in 0..5000 {
        let change = |object: &mut Value| object["data"]["k"] = json!(i.to_string());
        mesh.cluster.update(&kinds::CONFIG_MAP, "default", "c", Part::Spec, change).unwrap();
    }
    let version = made.metadata.resource_version.unwrap();
    let mut events = api.watch(&WatchParams::default(), &version).await.unwrap().boxed();
    match timeout(Duration::from_secs(10), events.try_next()).await.unwrap().unwrap() {
        Some(WatchEvent::Error(status)) => assert_eq!(status.code, 410),
        other => panic!("{other:?}"),
    }
    assert!(events.try_next().await.unwrap().is_none(), "the stream ends");
}

#[tokio::test]
async fn discovery_logs_and_leases_work() {
    let mesh = BareMesh::start().await;
    let client = mesh.client().await;
    let discovery = Discovery::new(client.clone()).run().await.unwrap();
    let group = discovery.get("networking.istio.io").expect("Istio's group");
    let (resource, _) = group.recommended_kind("VirtualService").unwrap();
    assert_eq!(resource.plural, "virtualservices");

    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "a", "image": "example.org/x"}, {"name": "b", "image": "example.org/y"},
    ]}});
    pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    mesh.logs.writer("default", "p", "b")("hello".to_owned());
    let params = LogParams { container: Some("b".to_owned()), ..LogParams::default() };
    assert_eq!(pods.logs("p", &params).await.unwrap(), "hello\n");
    assert_eq!(code(pods.logs("p", &LogParams::default()).await).0, 400);

    let leases: Api<Lease> = Api::default_namespaced(client);
    let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}});
    let lease: Lease = serde_json::from_value(lease).unwrap();
    leases.create(&PostParams::default(), &lease).await.unwrap();
    assert_eq!(code(leases.create(&PostParams::default(), &lease).await).0, 409);
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let mesh = BareMesh::start().await;
    let good = mesh.server.kubeconfig("mesh");
    let token = good.lines().find_map(|line| line.trim().strip_prefix("token: ")).unwrap();
    assert!(!format!("{:?}", mesh.server).contains(token));
    let bad = good.replace(token, "guess");
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&bad).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = kube::Config::from_custom_kubeconfig(
        kubeconfig,
        &kube::config::KubeConfigOptions::default(),
    )
    .await;
    let client = Client::try_from(config.unwrap()).unwrap();
    assert_eq!(code(client.apiserver_version().await).0, 401);
    let client = mesh.client().await;
    client.apiserver_version().await.unwrap();
    mesh.server.stop().await;
    assert!(client.apiserver_version().await.is_err());
}
