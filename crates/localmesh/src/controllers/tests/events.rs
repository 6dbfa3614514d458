//! Events are counted, and go after a while.

use serde_json::json;

use super::shop::{create, deployment, registry, seconds, started};
use crate::kinds;

#[test]
fn events_of_the_same_thing_are_counted() {
    let registry = registry();
    let owner = create(&registry, &kinds::DEPLOYMENT, deployment("web", 1));
    for _ in 0..3 {
        registry.record_event(&owner, "Warning", "Odd", "it is odd", "test");
    }
    let events = registry.list(&kinds::EVENT, Some("shop"));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["count"], 3);
    assert_eq!(events[0]["involvedObject"]["name"], "web");
}

#[tokio::test(start_paused = true)]
async fn events_go_after_an_hour_and_when_there_are_too_many() {
    let registry = registry();
    let _tasks = started(&registry);
    let owner = create(
        &registry,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "shop"}
        }),
    );
    for i in 0..1010 {
        registry.record_event(&owner, "Normal", "Odd", &format!("turn {i}"), "test");
    }
    seconds(1).await;
    assert_eq!(registry.list(&kinds::EVENT, None).len(), 1000);
    seconds(3590).await;
    registry.record_event(&owner, "Normal", "Odd", "the last turn", "test");
    seconds(20).await;
    assert_eq!(registry.list(&kinds::EVENT, None).len(), 1);
}
