//! A cluster with a namespace, what is created in it, and a kubelet of two lines.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cluster::{Cluster, WriteMode};
use crate::controllers::read;
use crate::controllers::run::{Controllers, Held, settle};
use crate::kinds::{self, Kind};
use crate::store::{Object, Part, Preconditions, Propagation, meta};

/// More looks than any test needs: whoever does not come to rest within them never does.
const LOOKS_MAX: usize = 200;

pub(super) fn cluster() -> Cluster {
    let cluster = Cluster::default();
    namespace(&cluster, "shop");
    cluster
}

fn namespace(cluster: &Cluster, name: &str) {
    let object = json!({"metadata": {"name": name}});
    cluster.create(&kinds::NAMESPACE, object, WriteMode::default()).unwrap();
}

pub(super) fn create(cluster: &Cluster, kind: &'static Kind, object: Value) -> Arc<Object> {
    cluster.create(kind, object, WriteMode::default()).unwrap()
}

pub(super) fn delete_how(
    cluster: &Cluster,
    kind: &'static Kind,
    name: &str,
    how: Option<Propagation>,
) {
    let how = Preconditions { propagation: how, ..Preconditions::default() };
    cluster.delete(kind, "shop", name, &how, WriteMode::default()).unwrap();
}

fn pod_spec() -> Value {
    json!({"containers": [{"name": "app", "image": "example.org/app:v1"}]})
}

pub(super) fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec()},
        },
    })
}

pub(super) fn job(name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"spec": pod_spec()}},
    });
    object["spec"]["template"]["spec"]["restartPolicy"] = json!("Never");
    for (field, value) in spec.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    object
}

/// A lease that depends on an owner, as a stand-in for anything that may.
pub(super) fn dependent(name: &str, owner: &Value) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": "shop",
            "ownerReferences": [meta::controller_of(owner)],
        },
        "spec": {},
    })
}

/// Binds pods, makes them ready, and lets those go that are to be deleted.
pub(super) fn kubelet(cluster: &Cluster) {
    for pod in cluster.list(&kinds::POD, None) {
        let (namespace, name) = (meta::namespace(&pod), meta::name(&pod));
        if meta::is_terminating(&pod) {
            cluster.finalize_pod(namespace, name, meta::uid(&pod));
        } else if meta::text(&pod, "/spec/nodeName").is_empty() {
            let bind = |pod: &mut Value| pod["spec"]["nodeName"] = json!("local");
            cluster.update(&kinds::POD, namespace, name, Part::Spec, bind).unwrap();
            let run = |pod: &mut Value| {
                pod["status"]["phase"] = json!("Running");
                pod["status"]["podIP"] = json!("127.9.0.1");
                pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
            };
            cluster.update(&kinds::POD, namespace, name, Part::Status, run).unwrap();
        }
    }
}

/// Looks until nothing moves any more; `watch` sees every state on the way.
pub(super) fn rest_watched(cluster: &Cluster, mut watch: impl FnMut(&Cluster)) {
    let mut held = Held::default();
    for _ in 0..LOOKS_MAX {
        let before = cluster.snapshot(&kinds::POD, None).resource_version;
        settle(cluster, &mut held);
        watch(cluster);
        kubelet(cluster);
        watch(cluster);
        if cluster.snapshot(&kinds::POD, None).resource_version == before {
            return;
        }
    }
    panic!("the controllers do not come to rest");
}

pub(super) fn rest(cluster: &Cluster) {
    rest_watched(cluster, |_| {});
}

pub(super) fn pods(cluster: &Cluster) -> Vec<Arc<Object>> {
    cluster.list(&kinds::POD, Some("shop"))
}

pub(super) fn get(cluster: &Cluster, kind: &'static Kind, name: &str) -> Arc<Object> {
    cluster.get(kind, "shop", name).unwrap()
}

pub(super) fn set(
    cluster: &Cluster,
    kind: &'static Kind,
    name: &str,
    change: impl FnOnce(&mut Value),
) {
    cluster.update(kind, "shop", name, Part::Spec, change).unwrap();
}

pub(super) fn reason(object: &Value, condition: &str) -> String {
    let condition = read::condition(object, condition).unwrap();
    format!("{} {}", meta::text(condition, "/status"), meta::text(condition, "/reason"))
}

/// Runs the controllers beside a test, on paused time.
pub(super) fn started(cluster: &Cluster) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(Controllers::run(cluster.clone()));
    tasks
}

pub(super) fn exists(cluster: &Cluster, kind: &'static Kind, name: &str) -> bool {
    cluster.get(kind, "shop", name).is_some()
}

pub(super) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(super) fn switch() -> Value {
    let spec = json!({"parallelism": 0, "activeDeadlineSeconds": 12, "ttlSecondsAfterFinished": 0});
    job("switch", &spec)
}
