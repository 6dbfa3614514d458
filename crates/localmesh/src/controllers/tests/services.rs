//! Services get their slices.

use serde_json::json;

use super::shop::{create, delete_how, deployment, registry, rest};
use crate::kinds;
use crate::store::meta;

#[test]
fn a_service_gets_a_slice_with_its_ready_pods() {
    let registry = registry();
    create(
        &registry,
        &kinds::SERVICE,
        json!({
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8000}]},
        }),
    );
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
    create(&registry, &kinds::DEPLOYMENT, deployment("other", 1));
    rest(&registry);
    let slices = registry.list(&kinds::ENDPOINT_SLICE, Some("shop"));
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0]["metadata"]["labels"]["kubernetes.io/service-name"], "web");
    assert_eq!(slices[0]["ports"], json!([{"name": "http", "port": 8000, "protocol": "TCP"}]));
    let endpoints = meta::list(&slices[0], "/endpoints");
    assert_eq!(endpoints.len(), 2);
    let ready = json!({"ready": true, "serving": true, "terminating": false});
    assert!(endpoints.iter().all(|endpoint| endpoint["conditions"] == ready));
    delete_how(&registry, &kinds::SERVICE, "web", None);
    rest(&registry);
    assert!(registry.list(&kinds::ENDPOINT_SLICE, Some("shop")).is_empty());
}
