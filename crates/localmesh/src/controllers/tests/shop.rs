//! A cluster with a namespace, what is created in it, and a kubelet of two lines.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::controllers::read;
use crate::controllers::run::{Controllers, Held, settle};
use crate::kinds::{self, Kind};
use crate::registry::{Registry, WriteMode};
use crate::store::{Object, Part, Preconditions, Propagation, meta};

/// More looks than any test needs: whoever does not come to rest within them never does.
const LOOKS_MAX: usize = 200;

pub(super) fn registry() -> Registry {
    let registry = Registry::default();
    namespace(&registry, "shop");
    registry
}

fn namespace(registry: &Registry, name: &str) {
    let object = json!({"metadata": {"name": name}});
    registry.create(&kinds::NAMESPACE, object, WriteMode::default()).unwrap();
}

pub(super) fn create(registry: &Registry, kind: &'static Kind, object: Value) -> Arc<Object> {
    registry.create(kind, object, WriteMode::default()).unwrap()
}

pub(super) fn delete_how(
    registry: &Registry,
    kind: &'static Kind,
    name: &str,
    how: Option<Propagation>,
) {
    let how = Preconditions { propagation: how, ..Preconditions::default() };
    registry.delete(kind, "shop", name, &how, WriteMode::default()).unwrap();
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
pub(super) fn kubelet(registry: &Registry) {
    for pod in registry.list(&kinds::POD, None) {
        let (namespace, name) = (meta::namespace(&pod), meta::name(&pod));
        if meta::is_terminating(&pod) {
            registry.finalize_pod(namespace, name, meta::uid(&pod));
        } else if meta::text(&pod, "/spec/nodeName").is_empty() {
            let bind = |pod: &mut Value| pod["spec"]["nodeName"] = json!("local");
            registry.update(&kinds::POD, namespace, name, Part::Spec, bind).unwrap();
            let run = |pod: &mut Value| {
                pod["status"]["phase"] = json!("Running");
                pod["status"]["podIP"] = json!("127.9.0.1");
                pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
            };
            registry.update(&kinds::POD, namespace, name, Part::Status, run).unwrap();
        }
    }
}

/// Looks until nothing moves any more; `watch` sees every state on the way.
pub(super) fn rest_watched(registry: &Registry, mut watch: impl FnMut(&Registry)) {
    let mut held = Held::default();
    for _ in 0..LOOKS_MAX {
        let before = registry.snapshot(&kinds::POD, None).resource_version;
        settle(registry, &mut held);
        watch(registry);
        kubelet(registry);
        watch(registry);
        if registry.snapshot(&kinds::POD, None).resource_version == before {
            return;
        }
    }
    panic!("the controllers do not come to rest");
}

pub(super) fn rest(registry: &Registry) {
    rest_watched(registry, |_| {});
}

pub(super) fn pods(registry: &Registry) -> Vec<Arc<Object>> {
    registry.list(&kinds::POD, Some("shop"))
}

pub(super) fn get(registry: &Registry, kind: &'static Kind, name: &str) -> Arc<Object> {
    registry.get(kind, "shop", name).unwrap()
}

pub(super) fn set(
    registry: &Registry,
    kind: &'static Kind,
    name: &str,
    change: impl FnOnce(&mut Value),
) {
    registry.update(kind, "shop", name, Part::Spec, change).unwrap();
}

pub(super) fn reason(object: &Value, condition: &str) -> String {
    let condition = read::condition(object, condition).unwrap();
    format!("{} {}", meta::text(condition, "/status"), meta::text(condition, "/reason"))
}

/// Runs the controllers beside a test, on paused time.
pub(super) fn started(registry: &Registry) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(Controllers::run(registry.clone()));
    tasks
}

pub(super) fn exists(registry: &Registry, kind: &'static Kind, name: &str) -> bool {
    registry.get(kind, "shop", name).is_some()
}

pub(super) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(super) fn switch() -> Value {
    let spec = json!({"parallelism": 0, "activeDeadlineSeconds": 12, "ttlSecondsAfterFinished": 0});
    job("switch", &spec)
}
