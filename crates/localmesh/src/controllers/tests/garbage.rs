//! What has lost its owner, or is in a namespace that goes.

use serde_json::json;

use super::shop::{cluster, create, delete_how, dependent, deployment, get, pods, rest};
use crate::cluster::{Cluster, WriteMode};
use crate::kinds;
use crate::store::{Preconditions, meta};

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
