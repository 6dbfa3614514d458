//! Deployments: rolled out, scaled, rolled back, deleted.

use serde_json::json;

use super::shop::{
    create, delete_how, deployment, get, kubelet, pods, reason, registry, rest, rest_watched,
    seconds, set, started, switch,
};
use crate::controllers::read;
use crate::kinds;
use crate::registry::Registry;
use crate::store::{Propagation, meta};

#[test]
fn a_deployment_gets_its_pods_and_says_so() {
    let registry = registry();
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&registry);
    let sets = registry.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    let hash = sets[0]["metadata"]["labels"]["pod-template-hash"].as_str().unwrap();
    assert_eq!(meta::name(&sets[0]), format!("web-{hash}"));
    let pods = pods(&registry);
    assert_eq!(pods.len(), 2);
    for pod in pods {
        let suffix = meta::name(&pod).strip_prefix(&format!("web-{hash}-")).unwrap().to_owned();
        assert_eq!(suffix.len(), 5);
        assert_eq!(pod["metadata"]["labels"], json!({"app": "web", "pod-template-hash": hash}));
    }
    let web = get(&registry, &kinds::DEPLOYMENT, "web");
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    for count in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(web["status"][count], 2, "{count}");
    }
    assert_eq!(web["status"]["unavailableReplicas"], 0);
    assert_eq!(web["status"]["observedGeneration"], web["metadata"]["generation"]);
    assert_eq!(reason(&web, "Available"), "True MinimumReplicasAvailable");
    assert_eq!(reason(&web, "Progressing"), "True NewReplicaSetAvailable");
    let events = registry.list(&kinds::EVENT, Some("shop"));
    let said = |text: &str| events.iter().any(|e| meta::text(e, "/message").starts_with(text));
    assert!(said(&format!("Scaled up replica set web-{hash} from 0 to 2")));
    assert!(said(&format!("Created pod: web-{hash}-")));
}

#[test]
fn a_deployment_scales_up_down_and_to_nothing() {
    let registry = registry();
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 1));
    for replicas in [1, 5, 2, 0, 1] {
        set(&registry, &kinds::DEPLOYMENT, "web", |web| web["spec"]["replicas"] = json!(replicas));
        rest(&registry);
        assert_eq!(pods(&registry).len(), replicas);
        let status = &get(&registry, &kinds::DEPLOYMENT, "web")["status"];
        assert_eq!(status["availableReplicas"], replicas);
    }
    assert_eq!(registry.list(&kinds::REPLICA_SET, Some("shop")).len(), 1);
}

#[test]
fn a_deleted_pod_is_replaced() {
    let registry = registry();
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 1));
    rest(&registry);
    let first = pods(&registry).remove(0);
    delete_how(&registry, &kinds::POD, meta::name(&first), None);
    rest(&registry);
    let now = pods(&registry);
    assert_eq!(now.len(), 1);
    assert_ne!(meta::uid(&now[0]), meta::uid(&first));
}

#[test]
fn a_new_template_rolls_over_within_surge_and_unavailable_and_back() {
    let registry = registry();
    let mut web = deployment("web", 4);
    web["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}});
    create(&registry, &kinds::DEPLOYMENT, web);
    rest(&registry);
    let restart = |at: &str| {
        set(&registry, &kinds::DEPLOYMENT, "web", |web| {
            web["spec"]["template"]["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/restartedAt": at});
        });
    };
    for (at, revision) in [("1", "2"), ("2", "3"), ("1", "4")] {
        let before: Vec<String> = pods(&registry).iter().map(|p| meta::uid(p).to_owned()).collect();
        restart(at);
        rest_watched(&registry, |registry| {
            let pods = pods(registry);
            let active = pods.iter().filter(|pod| read::is_active(pod));
            assert!(active.clone().count() <= 5, "more than maxSurge allows");
            let ready = active.filter(|pod| read::is(pod, "Ready")).count();
            assert!(ready >= 3, "fewer than maxUnavailable allows");
        });
        let now = pods(&registry);
        assert_eq!(now.len(), 4);
        assert!(now.iter().all(|pod| !before.contains(&meta::uid(pod).to_owned())));
        let web = get(&registry, &kinds::DEPLOYMENT, "web");
        assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], revision);
        assert_eq!(web["status"]["updatedReplicas"], 4);
        assert_eq!(reason(&web, "Progressing"), "True NewReplicaSetAvailable");
    }
    // The third restart was one back to the second template.
    assert_eq!(registry.list(&kinds::REPLICA_SET, Some("shop")).len(), 3);
}

#[test]
fn recreate_never_runs_two_versions() {
    let registry = registry();
    let mut web = deployment("web", 2);
    web["spec"]["strategy"] = json!({"type": "Recreate"});
    create(&registry, &kinds::DEPLOYMENT, web);
    rest(&registry);
    set(&registry, &kinds::DEPLOYMENT, "web", |web| {
        web["spec"]["template"]["metadata"]["labels"]["version"] = json!("v2");
    });
    rest_watched(&registry, |registry| {
        let mut hashes: Vec<String> = pods(registry)
            .iter()
            .map(|pod| meta::text(pod, "/metadata/labels/pod-template-hash").to_owned())
            .collect();
        hashes.dedup();
        assert!(hashes.len() <= 1, "{hashes:?}");
    });
    assert!(pods(&registry).iter().all(|pod| pod["metadata"]["labels"]["version"] == "v2"));
    assert_eq!(pods(&registry).len(), 2);
}

#[test]
fn old_revisions_are_forgotten() {
    let registry = registry();
    let mut web = deployment("web", 1);
    web["spec"]["revisionHistoryLimit"] = json!(1);
    create(&registry, &kinds::DEPLOYMENT, web);
    for i in 0..4 {
        set(&registry, &kinds::DEPLOYMENT, "web", |web| {
            web["spec"]["template"]["metadata"]["labels"]["turn"] = json!(i.to_string());
        });
        rest(&registry);
    }
    assert_eq!(registry.list(&kinds::REPLICA_SET, Some("shop")).len(), 2);
}

#[test]
fn deleting_a_deployment_deletes_what_it_made_or_leaves_it() {
    let registry = registry();
    for how in [None, Some(Propagation::Foreground)] {
        create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
        rest(&registry);
        delete_how(&registry, &kinds::DEPLOYMENT, "web", how);
        rest_watched(&registry, |registry| {
            let gone = registry.get(&kinds::DEPLOYMENT, "shop", "web").is_none();
            let left = registry.list(&kinds::REPLICA_SET, Some("shop")).len();
            assert!(how.is_none() || !gone || left == 0, "the owner went before its dependents");
        });
        assert!(registry.list(&kinds::DEPLOYMENT, Some("shop")).is_empty());
        assert!(registry.list(&kinds::REPLICA_SET, Some("shop")).is_empty());
        assert!(pods(&registry).is_empty());
    }
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&registry);
    delete_how(&registry, &kinds::DEPLOYMENT, "web", Some(Propagation::Orphan));
    rest(&registry);
    assert!(registry.list(&kinds::DEPLOYMENT, Some("shop")).is_empty());
    let sets = registry.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    assert!(meta::list(&sets[0], "/metadata/ownerReferences").is_empty());
    let before = pods(&registry);
    assert_eq!(before.len(), 2);
    let again = create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&registry);
    let sets = registry.list(&kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 1);
    assert!(meta::is_controlled_by(&sets[0], &again), "made again, it finds its own");
    assert_eq!(pods(&registry), before);
}

#[tokio::test(start_paused = true)]
async fn a_full_cluster_is_tried_again_once_a_second_and_no_more() {
    let registry = registry();
    let _tasks = started(&registry);
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 100_000));
    seconds(5).await;
    assert_eq!(pods(&registry).len(), 1000);
    let before = *registry.versions().borrow();
    seconds(10).await;
    let writes = *registry.versions().borrow() - before;
    assert!((5..=25).contains(&writes), "{writes} writes in 10 s");
    let events = registry.list(&kinds::EVENT, Some("shop"));
    assert!(events.iter().any(|event| event["reason"] == "FailedCreate"));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_does_not_get_on_says_so() {
    let registry = registry();
    let _tasks = started(&registry);
    let mut web = deployment("web", 1);
    web["spec"]["progressDeadlineSeconds"] = json!(30);
    create(&registry, &kinds::DEPLOYMENT, web);
    seconds(20).await;
    let progressing =
        |registry: &Registry| reason(&get(registry, &kinds::DEPLOYMENT, "web"), "Progressing");
    assert_eq!(progressing(&registry), "True ReplicaSetUpdated");
    seconds(20).await;
    assert_eq!(progressing(&registry), "False ProgressDeadlineExceeded");
    kubelet(&registry);
    seconds(1).await;
    assert_eq!(progressing(&registry), "True NewReplicaSetAvailable");
}

#[tokio::test(start_paused = true)]
async fn controllers_at_rest_sleep() {
    let registry = registry();
    let _tasks = started(&registry);
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 3));
    create(&registry, &kinds::JOB, switch());
    seconds(2).await;
    kubelet(&registry);
    seconds(5).await;
    let before = *registry.versions().borrow();
    seconds(3).await;
    assert_eq!(*registry.versions().borrow(), before);
}
