//! Jobs: their pods, their deadlines, and the dead-man's switch that they are to a run.

use serde_json::{Value, json};

use super::shop::{
    create, delete_how, dependent, exists, get, job, kubelet, pods, reason, registry, rest,
    seconds, set, started, switch,
};
use crate::controllers::read;
use crate::kinds;
use crate::store::{Part, meta};

#[test]
fn a_job_completes_and_fails_by_its_pods() {
    let registry = registry();
    create(&registry, &kinds::JOB, job("ok", &json!({"completions": 2, "parallelism": 1})));
    create(&registry, &kinds::JOB, job("bad", &json!({"backoffLimit": 0})));
    for _ in 0..3 {
        rest(&registry);
        for pod in pods(&registry).iter().filter(|pod| read::is_active(pod)) {
            let ok = pod["metadata"]["labels"]["job-name"] == "ok";
            let phase = if ok { "Succeeded" } else { "Failed" };
            let end = |pod: &mut Value| pod["status"]["phase"] = json!(phase);
            registry.update(&kinds::POD, "shop", meta::name(pod), Part::Status, end).unwrap();
        }
    }
    rest(&registry);
    let ok = get(&registry, &kinds::JOB, "ok");
    assert_eq!((&ok["status"]["succeeded"], &ok["status"]["active"]), (&json!(2), &json!(0)));
    assert_eq!(reason(&ok, "Complete"), "True CompletionsReached");
    let bad = get(&registry, &kinds::JOB, "bad");
    assert_eq!(bad["status"]["failed"], 1);
    assert_eq!(reason(&bad, "Failed"), "True BackoffLimitExceeded");
    assert_eq!(pods(&registry).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dead_mans_switch_fires_without_a_pod_and_takes_what_it_owns() {
    let registry = registry();
    let _tasks = started(&registry);
    let owner = create(&registry, &kinds::JOB, switch());
    create(&registry, &kinds::LEASE, dependent("fault", &owner));
    seconds(10).await;
    assert!(exists(&registry, &kinds::JOB, "switch") && exists(&registry, &kinds::LEASE, "fault"));
    assert!(pods(&registry).is_empty());
    // The start is noted in whole seconds, so it may fire up to one second early.
    seconds(3).await;
    assert!(!exists(&registry, &kinds::LEASE, "fault"));
    assert!(!exists(&registry, &kinds::JOB, "switch"));
    assert!(pods(&registry).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_pushes_the_deadline_back_and_its_end_lets_it_fire() {
    let registry = registry();
    let _tasks = started(&registry);
    let owner = create(&registry, &kinds::JOB, switch());
    create(&registry, &kinds::LEASE, dependent("fault", &owner));
    for beat in 1..10 {
        seconds(6).await;
        set(&registry, &kinds::JOB, "switch", |job| {
            job["spec"]["activeDeadlineSeconds"] = json!(12 + 6 * beat);
        });
    }
    assert!(exists(&registry, &kinds::LEASE, "fault"));
    // The last deadline was 66 s after the start, and 54 s have passed.
    seconds(10).await;
    assert!(exists(&registry, &kinds::LEASE, "fault"));
    seconds(3).await;
    assert!(!exists(&registry, &kinds::LEASE, "fault"));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_is_disarmed_until_it_is_resumed() {
    let registry = registry();
    let _tasks = started(&registry);
    create(&registry, &kinds::JOB, switch());
    seconds(5).await;
    set(&registry, &kinds::JOB, "switch", |job| job["spec"]["suspend"] = json!(true));
    seconds(100).await;
    let job = get(&registry, &kinds::JOB, "switch");
    assert_eq!(reason(&job, "Suspended"), "True JobSuspended");
    assert_eq!(job["status"].get("startTime"), None);
    set(&registry, &kinds::JOB, "switch", |job| job["spec"]["suspend"] = json!(false));
    seconds(10).await;
    assert_eq!(reason(&get(&registry, &kinds::JOB, "switch"), "Suspended"), "False JobResumed");
    seconds(3).await;
    assert!(!exists(&registry, &kinds::JOB, "switch"));
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_stays_for_its_time_to_live() {
    let registry = registry();
    let _tasks = started(&registry);
    let mut kept = switch();
    kept["spec"]["ttlSecondsAfterFinished"] = json!(20);
    create(&registry, &kinds::JOB, kept);
    seconds(15).await;
    assert_eq!(reason(&get(&registry, &kinds::JOB, "switch"), "Failed"), "True DeadlineExceeded");
    seconds(15).await;
    assert!(exists(&registry, &kinds::JOB, "switch"));
    seconds(6).await;
    assert!(!exists(&registry, &kinds::JOB, "switch"));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_deleted_plainly_leaves_what_it_owned() {
    let registry = registry();
    let _tasks = started(&registry);
    let owner = create(&registry, &kinds::JOB, switch());
    create(&registry, &kinds::LEASE, dependent("fault", &owner));
    seconds(1).await;
    delete_how(&registry, &kinds::JOB, "switch", None);
    seconds(30).await;
    assert!(!exists(&registry, &kinds::JOB, "switch"));
    let fault = get(&registry, &kinds::LEASE, "fault");
    assert!(meta::list(&fault, "/metadata/ownerReferences").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_stops_pods_before_the_job_is_called_failed() {
    let registry = registry();
    let _tasks = started(&registry);
    create(&registry, &kinds::JOB, job("work", &json!({"activeDeadlineSeconds": 5})));
    seconds(1).await;
    kubelet(&registry);
    assert_eq!(pods(&registry).len(), 1);
    seconds(6).await;
    let work = get(&registry, &kinds::JOB, "work");
    assert_eq!(reason(&work, "FailureTarget"), "True DeadlineExceeded");
    assert!(read::condition(&work, "Failed").is_none());
    assert!(meta::is_terminating(&pods(&registry)[0]));
    kubelet(&registry);
    seconds(1).await;
    let work = get(&registry, &kinds::JOB, "work");
    assert_eq!(reason(&work, "Failed"), "True DeadlineExceeded");
    assert!(pods(&registry).is_empty());
}
