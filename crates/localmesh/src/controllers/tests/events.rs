//! Events are counted, and go after a while.

use serde_json::json;

use super::shop::{cluster, create, deployment, seconds, started};
use crate::kinds;

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
