//! What has lost its owner, or is in a namespace that goes.

use serde_json::json;

use super::shop::{create, delete_how, dependent, deployment, get, pods, registry, rest};
use crate::kinds;
use crate::registry::{Registry, WriteMode};
use crate::store::{Preconditions, meta};

#[test]
fn an_owner_of_another_uid_or_namespace_is_none() {
    let registry = registry();
    let owner = create(
        &registry,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "shop"}
        }),
    );
    let foreign = create(
        &registry,
        &kinds::CONFIG_MAP,
        json!({
            "metadata": {"name": "owner", "namespace": "default"}
        }),
    );
    create(&registry, &kinds::LEASE, dependent("kept", &owner));
    create(&registry, &kinds::LEASE, dependent("foreign", &foreign));
    let mut wrong = dependent("wrong", &owner);
    wrong["metadata"]["ownerReferences"][0]["uid"] = json!("another");
    create(&registry, &kinds::LEASE, wrong);
    let mut unknown = dependent("unknown", &owner);
    unknown["metadata"]["ownerReferences"][0]["kind"] = json!("Gadget");
    create(&registry, &kinds::LEASE, unknown);
    let mut two = dependent("two", &owner);
    let extra = dependent("x", &foreign)["metadata"]["ownerReferences"][0].clone();
    two["metadata"]["ownerReferences"].as_array_mut().unwrap().push(extra);
    create(&registry, &kinds::LEASE, two);
    rest(&registry);
    let names = |registry: &Registry| -> Vec<String> {
        let leases = registry.list(&kinds::LEASE, Some("shop"));
        leases.iter().map(|lease| meta::name(lease).to_owned()).collect()
    };
    assert_eq!(names(&registry), ["kept", "two", "unknown"]);
    let two = get(&registry, &kinds::LEASE, "two");
    assert_eq!(meta::list(&two, "/metadata/ownerReferences").len(), 1);
    delete_how(&registry, &kinds::CONFIG_MAP, "owner", None);
    rest(&registry);
    assert_eq!(names(&registry), ["unknown"]);
}

#[test]
fn a_namespace_goes_with_everything_in_it_and_takes_nothing_new() {
    let registry = registry();
    create(&registry, &kinds::DEPLOYMENT, deployment("web", 2));
    rest(&registry);
    assert!(registry.get(&kinds::SERVICE_ACCOUNT, "shop", "default").is_some());
    let any = Preconditions::default();
    let mode = WriteMode::default();
    let going = registry.delete(&kinds::NAMESPACE, "", "shop", &any, mode).unwrap();
    assert_eq!(going["status"]["phase"], "Terminating");
    let refusal = registry.create(&kinds::DEPLOYMENT, deployment("late", 1), mode).unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (403, "Forbidden"));
    assert_eq!(
        refusal.message,
        "deployments.apps \"late\" is forbidden: unable to create new content in namespace shop \
         because it is being terminated"
    );
    assert_eq!(refusal.details["causes"][0]["reason"], "NamespaceTerminating");
    rest(&registry);
    assert!(registry.get(&kinds::NAMESPACE, "", "shop").is_none());
    assert!(pods(&registry).is_empty());
    let refusal = registry.create(&kinds::DEPLOYMENT, deployment("late", 1), mode).unwrap_err();
    assert_eq!((refusal.code, refusal.message.as_str()), (404, "namespaces \"shop\" not found"));
    let kept = registry.delete(&kinds::NAMESPACE, "", "default", &any, mode).unwrap_err();
    assert_eq!(kept.code, 403);
}
