//! Jobs: their pods, their deadlines, and the dead-man's switch that they are to a run.

use serde_json::{Value, json};

use super::shop::{
    cluster, create, delete_how, dependent, exists, get, job, kubelet, pods, reason, rest, seconds,
    set, started, switch,
};
use crate::controllers::read;
use crate::kinds;
use crate::store::{Part, meta};

#[test]
fn a_job_completes_and_fails_by_its_pods() {
    let cluster = cluster();
    create(&cluster, &kinds::JOB, job("ok", &json!({"completions": 2, "parallelism": 1})));
    create(&cluster, &kinds::JOB, job("bad", &json!({"backoffLimit": 0})));
    for _ in 0..3 {
        rest(&cluster);
        for pod in pods(&cluster).iter().filter(|pod| read::is_active(pod)) {
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
    assert!(read::condition(&work, "Failed").is_none());
    assert!(meta::is_terminating(&pods(&cluster)[0]));
    kubelet(&cluster);
    seconds(1).await;
    let work = get(&cluster, &kinds::JOB, "work");
    assert_eq!(reason(&work, "Failed"), "True DeadlineExceeded");
    assert!(pods(&cluster).is_empty());
}
