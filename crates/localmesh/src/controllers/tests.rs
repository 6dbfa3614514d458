//! The controllers together, over a real store: with a kubelet of two lines, either step by step
//! until nothing moves, or as they run, on paused time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::super::kinds::{self, Kind};
use super::super::store::{Object, Propagation};
use super::*;

/// More looks than any test needs: whoever does not come to rest within them never does.
const LOOKS_MAX: usize = 200;

fn cluster() -> Cluster {
    let cluster = Cluster::default();
    namespace(&cluster, "shop");
    cluster
}

fn namespace(cluster: &Cluster, name: &str) {
    let object = json!({"metadata": {"name": name}});
    cluster.create(&kinds::NAMESPACE, object, WriteMode::default()).unwrap();
}

fn create(cluster: &Cluster, kind: &'static Kind, object: Value) -> Arc<Object> {
    cluster.create(kind, object, WriteMode::default()).unwrap()
}

fn delete_how(cluster: &Cluster, kind: &'static Kind, name: &str, how: Option<Propagation>) {
    let how = Preconditions { propagation: how, ..Preconditions::default() };
    cluster.delete(kind, "shop", name, &how, WriteMode::default()).unwrap();
}

fn pod_spec() -> Value {
    json!({"containers": [{"name": "app", "image": "example.org/app:v1"}]})
}

fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec()},
        },
    })
}

fn job(name: &str, spec: &Value) -> Value {
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
fn dependent(name: &str, owner: &Value) -> Value {
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
fn kubelet(cluster: &Cluster) {
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
fn rest_watched(cluster: &Cluster, mut watch: impl FnMut(&Cluster)) {
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

fn rest(cluster: &Cluster) {
    rest_watched(cluster, |_| {});
}

fn pods(cluster: &Cluster) -> Vec<Arc<Object>> {
    cluster.list(&kinds::POD, Some("shop"))
}

fn get(cluster: &Cluster, kind: &'static Kind, name: &str) -> Arc<Object> {
    cluster.get(kind, "shop", name).unwrap()
}

fn set(cluster: &Cluster, kind: &'static Kind, name: &str, change: impl FnOnce(&mut Value)) {
    cluster.update(kind, "shop", name, Part::Spec, change).unwrap();
}

fn reason(object: &Value, condition: &str) -> String {
    let condition = plan::condition(object, condition).unwrap();
    format!("{} {}", meta::text(condition, "/status"), meta::text(condition, "/reason"))
}

#[test]
fn a_deployment_gets_its_pods_and_says_so() {
    let cluster = cluster();
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&cluster);
    let sets = cluster.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    let hash = sets[0]["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(meta::name(&sets[0]), format!("web-{hash}"));
    let pods = pods(&cluster);
    assert_eq!(pods.len(), 2);
    for pod in pods {
        let suffix = meta::name(&pod).strip_prefix(&format!("web-{hash}-")).unwrap().to_owned();
        assert_eq!(suffix.len(), 5);
        assert_eq!(pod["metadata"]["labels"], json!({"app": "web", "pod-template-hash": hash}));
    }
    let web = get(&cluster, &kinds::DEPLOYMENT, "web");
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    for count in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(web["status"][count], 2, "{count}");
    }
    assert_eq!(web["status"]["unavailableReplicas"], 0);
    assert_eq!(web["status"]["observedGeneration"], web["metadata"]["generation"]);
    assert_eq!(reason(&web, "Available"), "True MinimumReplicasAvailable");
    assert_eq!(reason(&web, "Progressing"), "True NewReplicaSetAvailable");
    let events = cluster.list(&kinds::EVENT, Some("shop"));
    let said = |text: &str| events.iter().any(|e| meta::text(e, "/message").starts_with(text));
    assert!(said(&format!("Scaled up replica set web-{hash} from 0 to 2")));
    assert!(said(&format!("Created pod: web-{hash}-")));
}

#[test]
fn a_deployment_scales_up_down_and_to_nothing() {
    let cluster = cluster();
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 1));
    for replicas in [1, 5, 2, 0, 1] {
        set(&cluster, &kinds::DEPLOYMENT, "web", |web| web["spec"]["replicas"] = json!(replicas));
        rest(&cluster);
        assert_eq!(pods(&cluster).len(), replicas);
        let status = &get(&cluster, &kinds::DEPLOYMENT, "web")["status"];
        assert_eq!(status["availableReplicas"], replicas);
    }
    assert_eq!(cluster.list(&kinds::REPLICA_SET, Some("shop")).len(), 1);
}

#[test]
fn a_deleted_pod_is_replaced() {
    let cluster = cluster();
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 1));
    rest(&cluster);
    let first = pods(&cluster).remove(0);
    delete_how(&cluster, &kinds::POD, meta::name(&first), None);
    rest(&cluster);
    let now = pods(&cluster);
    assert_eq!(now.len(), 1);
    assert_ne!(meta::uid(&now[0]), meta::uid(&first));
}

#[test]
fn a_new_template_rolls_over_within_surge_and_unavailable_and_back() {
    let cluster = cluster();
    let mut web = deployment("web", 4);
    web["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}});
    create(&cluster, &kinds::DEPLOYMENT, web);
    rest(&cluster);
    let restart = |at: &str| {
        set(&cluster, &kinds::DEPLOYMENT, "web", |web| {
            web["spec"]["template"]["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/restartedAt": at});
        });
    };
    for (at, revision) in [("1", "2"), ("2", "3"), ("1", "4")] {
        let before: Vec<String> = pods(&cluster).iter().map(|p| meta::uid(p).to_owned()).collect();
        restart(at);
        rest_watched(&cluster, |cluster| {
            let pods = pods(cluster);
            let active = pods.iter().filter(|pod| plan::is_active(pod));
            assert!(active.clone().count() <= 5, "more than maxSurge allows");
            let ready = active.filter(|pod| plan::is(pod, "Ready")).count();
            assert!(ready >= 3, "fewer than maxUnavailable allows");
        });
        let now = pods(&cluster);
        assert_eq!(now.len(), 4);
        assert!(now.iter().all(|pod| !before.contains(&meta::uid(pod).to_owned())));
        let web = get(&cluster, &kinds::DEPLOYMENT, "web");
        assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], revision);
        assert_eq!(web["status"]["updatedReplicas"], 4);
        assert_eq!(reason(&web, "Progressing"), "True NewReplicaSetAvailable");
    }
    // The third restart was one back to the second template.
    assert_eq!(cluster.list(&kinds::REPLICA_SET, Some("shop")).len(), 3);
}

#[test]
fn recreate_never_runs_two_versions() {
    let cluster = cluster();
    let mut web = deployment("web", 2);
    web["spec"]["strategy"] = json!({"type": "Recreate"});
    create(&cluster, &kinds::DEPLOYMENT, web);
    rest(&cluster);
    set(&cluster, &kinds::DEPLOYMENT, "web", |web| {
        web["spec"]["template"]["metadata"]["labels"]["version"] = json!("v2");
    });
    rest_watched(&cluster, |cluster| {
        let mut hashes: Vec<String> = pods(cluster)
            .iter()
            .map(|pod| meta::text(pod, "/metadata/labels/pod-template-hash").to_owned())
            .collect();
        hashes.dedup();
        assert!(hashes.len() <= 1, "{hashes:?}");
    });
    assert!(pods(&cluster).iter().all(|pod| pod["metadata"]["labels"]["version"] == "v2"));
    assert_eq!(pods(&cluster).len(), 2);
}

#[test]
fn old_revisions_are_forgotten() {
    let cluster = cluster();
    let mut web = deployment("web", 1);
    web["spec"]["revisionHistoryLimit"] = json!(1);
    create(&cluster, &kinds::DEPLOYMENT, web);
    for i in 0..4 {
        set(&cluster, &kinds::DEPLOYMENT, "web", |web| {
            web["spec"]["template"]["metadata"]["labels"]["turn"] = json!(i.to_string());
        });
        rest(&cluster);
    }
    assert_eq!(cluster.list(&kinds::REPLICA_SET, Some("shop")).len(), 2);
}

#[test]
fn deleting_a_deployment_deletes_what_it_made_or_leaves_it() {
    let cluster = cluster();
    for how in [None, Some(Propagation::Foreground)] {
        create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
        rest(&cluster);
        delete_how(&cluster, &kinds::DEPLOYMENT, "web", how);
        rest_watched(&cluster, |cluster| {
            let gone = cluster.get(&kinds::DEPLOYMENT, "shop", "web").is_none();
            let left = cluster.list(&kinds::REPLICA_SET, Some("shop")).len();
            assert!(how.is_none() || !gone || left == 0, "the owner went before its dependents");
        });
        assert!(cluster.list(&kinds::DEPLOYMENT, Some("shop")).is_empty());
        assert!(cluster.list(&kinds::REPLICA_SET, Some("shop")).is_empty());
        assert!(pods(&cluster).is_empty());
    }
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&cluster);
    delete_how(&cluster, &kinds::DEPLOYMENT, "web", Some(Propagation::Orphan));
    rest(&cluster);
    assert!(cluster.list(&kinds::DEPLOYMENT, Some("shop")).is_empty());
    let sets = cluster.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    assert!(meta::list(&sets[0], "/metadata/ownerReferences").is_empty());
    let before = pods(&cluster);
    assert_eq!(before.len(), 2);
    let again = create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&cluster);
    let sets = cluster.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    assert!(meta::is_controlled_by(&sets[0], &again), "made again, it finds its own");
    assert_eq!(pods(&cluster), before);
}

#[tokio::test(start_paused = true)]
async fn a_full_cluster_is_tried_again_once_a_second_and_no_more() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 100_000));
    seconds(5).await;
    assert_eq!(pods(&cluster).len(), 1000);
    let before = *cluster.versions().borrow();
    seconds(10).await;
    let writes = *cluster.versions().borrow() - before;
    assert!((5..=25).contains(&writes), "{writes} writes in 10 s");
    let events = cluster.list(&kinds::EVENT, Some("shop"));
    assert!(events.iter().any(|event| event["reason"] == "FailedCreate"));
}

#[test]
fn an_owner_of_another_uid_or_namespace_is_none() {
    let cluster = cluster();
    let owner = create(
        &cluster,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "shop"}
        }),
    );
    let foreign = create(
        &cluster,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "default"}
        }),
    );
    create(&cluster, &kinds::LEASE, dependent("kept", &owner));
    create(&cluster, &kinds::LEASE, dependent("foreign", &foreign));
    let mut wrong = dependent("wrong", &owner);
    wrong["metadata"]["ownerReferences"][0]["uid"] = json!("another");
    create(&cluster, &kinds::LEASE, wrong);
    let mut unknown = dependent("unknown", &owner);
    unknown["metadata"]["ownerReferences"][0]["kind"] = json!("Gadget");
    create(&cluster, &kinds::LEASE, unknown);
    let mut two = dependent("two", &owner);
    let extra = dependent("x", &foreign)["metadata"]["ownerReferences"][0].clone();
    two["metadata"]["ownerReferences"].as_array_mut().unwrap().push(extra);
    create(&cluster, &kinds::LEASE, two);
    rest(&cluster);
    let names = |cluster: &Cluster| -> Vec<String> {
        let leases = cluster.list(&kinds::LEASE, Some("shop"));
        leases.iter().map(|lease| meta::name(lease).to_owned()).collect()
    };
    assert_eq!(names(&cluster), ["kept", "two", "unknown"]);
    let two = get(&cluster, &kinds::LEASE, "two");
    assert_eq!(meta::list(&two, "/metadata/ownerReferences").len(), 1);
    delete_how(&cluster, &kinds::CONFIG_MAP, "owner", None);
    rest(&cluster);
    assert_eq!(names(&cluster), ["unknown"]);
}

#[test]
fn a_service_gets_a_slice_with_its_ready_pods() {
    let cluster = cluster();
    create(
        &cluster,
        &kinds::SERVICE,
        json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8000}]},
        }),
    );
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
    create(&cluster, &kinds::DEPLOYMENT, deployment("other", 1));
    rest(&cluster);
    let slices = cluster.list(&kinds::ENDPOINT_SLICE, Some("shop"));
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0]["metadata"]["labels"]["kubernetes.io/service-name"], "web");
    assert_eq!(slices[0]["ports"], json!([{"name": "http", "port": 8000, "protocol": "TCP"}]));
    let endpoints = meta::list(&slices[0], "/endpoints");
    assert_eq!(endpoints.len(), 2);
    let ready = json!({"ready": true, "serving": true, "terminating": false});
    assert!(endpoints.iter().all(|endpoint| endpoint["conditions"] == ready));
    delete_how(&cluster, &kinds::SERVICE, "web", None);
    rest(&cluster);
    assert!(cluster.list(&kinds::ENDPOINT_SLICE, Some("shop")).is_empty());
}

#[test]
fn a_namespace_goes_with_everything_in_it_and_takes_nothing_new() {
    let cluster = cluster();
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&cluster);
    assert!(cluster.get(&kinds::SERVICE_ACCOUNT, "shop", "default").is_some());
    let any = Preconditions::default();
    let mode = WriteMode::default();
    let going = cluster.delete(&kinds::NAMESPACE, "", "shop", &any, mode).unwrap();
    assert_eq!(going["status"]["phase"], "Terminating");
    let refusal = cluster.create(&kinds::DEPLOYMENT, deployment("late", 1), mode).unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (403, "Forbidden"));
    assert_eq!(
        refusal.message,
        "deployments.apps \"late\" is forbidden: unable to create new content in namespace shop \
         because it is being terminated"
    );
    assert_eq!(refusal.details["causes"][0]["reason"], "NamespaceTerminating");
    rest(&cluster);
    assert!(cluster.get(&kinds::NAMESPACE, "", "shop").is_none());
    assert!(pods(&cluster).is_empty());
    let refusal = cluster.create(&kinds::DEPLOYMENT, deployment("late", 1), mode).unwrap_err();
    assert_eq!((refusal.code, refusal.message.as_str()), (404, "namespaces \"shop\" not found"));
    let kept = cluster.delete(&kinds::NAMESPACE, "", "default", &any, mode).unwrap_err();
    assert_eq!(kept.code, 403);
}

#[test]
fn a_job_completes_and_fails_by_its_pods() {
    let cluster = cluster();
    create(&cluster, &kinds::JOB, job("ok", &json!({"completions": 2, "parallelism": 1})));
    create(&cluster, &kinds::JOB, job("bad", &json!({"backoffLimit": 0})));
    for _ in 0..3 {
        rest(&cluster);
        for pod in pods(&cluster).iter().filter(|pod| plan::is_active(pod)) {
            let ok = pod["metadata"]["labels"]["job-name"] == "ok";
            let phase = if ok { "Succeeded" } else { "Failed" };
            let end = |pod: &mut Value| pod["status"]["phase"] = json!(phase);
            cluster.update(&kinds::POD, "shop", meta::name(pod), Part::Status, end).unwrap();
        }
    }
    rest(&cluster);
    let ok = get(&cluster, &kinds::JOB, "ok");
    assert_eq!((&ok["status"]["succeeded"], &ok["status"]["active"]), (&json!(2), &json!(0)));
    assert_eq!(reason(&ok, "Complete"), "True CompletionsReached");
    let bad = get(&cluster, &kinds::JOB, "bad");
    assert_eq!(bad["status"]["failed"], 1);
    assert_eq!(reason(&bad, "Failed"), "True BackoffLimitExceeded");
    assert_eq!(pods(&cluster).len(), 3);
}

#[test]
fn events_of_the_same_thing_are_counted() {
    let cluster = cluster();
    let owner = create(&cluster, &kinds::DEPLOYMENT, deployment("web", 1));
    for _ in 0..3 {
        cluster.record_event(&owner, "Warning", "Odd", "it is odd", "test");
    }
    let events = cluster.list(&kinds::EVENT, Some("shop"));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["count"], 3);
    assert_eq!(events[0]["involvedObject"]["name"], "web");
}

#[tokio::test(start_paused = true)]
async fn events_go_after_an_hour_and_when_there_are_too_many() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let owner = create(
        &cluster,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "shop"}
        }),
    );
    for i in 0..1010 {
        cluster.record_event(&owner, "Normal", "Odd", &format!("turn {i}"), "test");
    }
    seconds(1).await;
    assert_eq!(cluster.list(&kinds::EVENT, None).len(), 1000);
    seconds(3590).await;
    cluster.record_event(&owner, "Normal", "Odd", "the last turn", "test");
    seconds(20).await;
    assert_eq!(cluster.list(&kinds::EVENT, None).len(), 1);
}

/// Runs the controllers beside a test, on paused time.
fn started(cluster: &Cluster) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(Controllers::run(cluster.clone()));
    tasks
}

fn exists(cluster: &Cluster, kind: &'static Kind, name: &str) -> bool {
    cluster.get(kind, "shop", name).is_some()
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn switch() -> Value {
    let spec = json!({"parallelism": 0, "activeDeadlineSeconds": 12, "ttlSecondsAfterFinished": 0});
    job("switch", &spec)
}

#[tokio::test(start_paused = true)]
async fn a_dead_mans_switch_fires_without_a_pod_and_takes_what_it_owns() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let owner = create(&cluster, &kinds::JOB, switch());
    create(&cluster, &kinds::LEASE, dependent("fault", &owner));
    seconds(10).await;
    assert!(exists(&cluster, &kinds::JOB, "switch") && exists(&cluster, &kinds::LEASE, "fault"));
    assert!(pods(&cluster).is_empty());
    // The start is noted in whole seconds, so it may fire up to one second early.
    seconds(3).await;
    assert!(!exists(&cluster, &kinds::LEASE, "fault"));
    assert!(!exists(&cluster, &kinds::JOB, "switch"));
    assert!(pods(&cluster).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_pushes_the_deadline_back_and_its_end_lets_it_fire() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let owner = create(&cluster, &kinds::JOB, switch());
    create(&cluster, &kinds::LEASE, dependent("fault", &owner));
    for beat in 1..10 {
        seconds(6).await;
        set(&cluster, &kinds::JOB, "switch", |job| {
            job["spec"]["activeDeadlineSeconds"] = json!(12 + 6 * beat);
        });
    }
    assert!(exists(&cluster, &kinds::LEASE, "fault"));
    // The last deadline was 66 s after the start, and 54 s have passed.
    seconds(10).await;
    assert!(exists(&cluster, &kinds::LEASE, "fault"));
    seconds(3).await;
    assert!(!exists(&cluster, &kinds::LEASE, "fault"));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_is_disarmed_until_it_is_resumed() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    create(&cluster, &kinds::JOB, switch());
    seconds(5).await;
    set(&cluster, &kinds::JOB, "switch", |job| job["spec"]["suspend"] = json!(true));
    seconds(100).await;
    let job = get(&cluster, &kinds::JOB, "switch");
    assert_eq!(reason(&job, "Suspended"), "True JobSuspended");
    assert_eq!(job["status"].get("startTime"), None);
    set(&cluster, &kinds::JOB, "switch", |job| job["spec"]["suspend"] = json!(false));
    seconds(10).await;
    assert_eq!(reason(&get(&cluster, &kinds::JOB, "switch"), "Suspended"), "False JobResumed");
    seconds(3).await;
    assert!(!exists(&cluster, &kinds::JOB, "switch"));
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_stays_for_its_time_to_live() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let mut kept = switch();
    kept["spec"]["ttlSecondsAfterFinished"] = json!(20);
    create(&cluster, &kinds::JOB, kept);
    seconds(15).await;
    assert_eq!(reason(&get(&cluster, &kinds::JOB, "switch"), "Failed"), "True DeadlineExceeded");
    seconds(15).await;
    assert!(exists(&cluster, &kinds::JOB, "switch"));
    seconds(6).await;
    assert!(!exists(&cluster, &kinds::JOB, "switch"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_deleted_plainly_leaves_what_it_owned() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let owner = create(&cluster, &kinds::JOB, switch());
    create(&cluster, &kinds::LEASE, dependent("fault", &owner));
    seconds(1).await;
    delete_how(&cluster, &kinds::JOB, "switch", None);
    seconds(30).await;
    assert!(!exists(&cluster, &kinds::JOB, "switch"));
    let fault = get(&cluster, &kinds::LEASE, "fault");
    assert!(meta::list(&fault, "/metadata/ownerReferences").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_stops_pods_before_the_job_is_called_failed() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    create(&cluster, &kinds::JOB, job("work", &json!({"activeDeadlineSeconds": 5})));
    seconds(1).await;
    kubelet(&cluster);
    assert_eq!(pods(&cluster).len(), 1);
    seconds(6).await;
    let work = get(&cluster, &kinds::JOB, "work");
    assert_eq!(reason(&work, "FailureTarget"), "True DeadlineExceeded");
    assert!(plan::condition(&work, "Failed").is_none());
    assert!(meta::is_terminating(&pods(&cluster)[0]));
    kubelet(&cluster);
    seconds(1).await;
    let work = get(&cluster, &kinds::JOB, "work");
    assert_eq!(reason(&work, "Failed"), "True DeadlineExceeded");
    assert!(pods(&cluster).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_does_not_get_on_says_so() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    let mut web = deployment("web", 1);
    web["spec"]["progressDeadlineSeconds"] = json!(30);
    create(&cluster, &kinds::DEPLOYMENT, web);
    seconds(20).await;
    let progressing =
        |cluster: &Cluster| reason(&get(cluster, &kinds::DEPLOYMENT, "web"), "Progressing");
    assert_eq!(progressing(&cluster), "True ReplicaSetUpdated");
    seconds(20).await;
    assert_eq!(progressing(&cluster), "False ProgressDeadlineExceeded");
    kubelet(&cluster);
    seconds(1).await;
    assert_eq!(progressing(&cluster), "True NewReplicaSetAvailable");
}

#[tokio::test(start_paused = true)]
async fn controllers_at_rest_sleep() {
    let cluster = cluster();
    let _tasks = started(&cluster);
    create(&cluster, &kinds::DEPLOYMENT, deployment("web", 3));
    create(&cluster, &kinds::JOB, switch());
    seconds(2).await;
    kubelet(&cluster);
    seconds(5).await;
    let before = *cluster.versions().borrow();
    seconds(3).await;
    assert_eq!(*cluster.versions().borrow(), before);
}
