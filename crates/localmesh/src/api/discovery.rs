//! Discovery: which groups, versions and resources there are, one document for each. Newer clients
//! ask for all of it in one document first, and fall back when they get these. Everything is
//! derived from the table in `kinds`. Pure.

use serde_json::{Value, json};

use super::groups::{categories, groups, kinds_of, reviews_of, subresources, versions};
use super::path::api_version;

/// What can be done with an object or a collection.
const VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The version the server says it is: the Kubernetes whose behaviour is imitated.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "32",
        "gitVersion": concat!("v1.32.0+faultless-", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": concat!("linux/", "amd64"),
    })
}

/// `/api`
pub(super) fn core_versions() -> Value {
    json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
}

/// `/apis`
pub(super) fn group_list() -> Value {
    let groups: Vec<Value> = groups().into_iter().map(|(name, _)| group_body(name)).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// `/apis/{group}`
pub(super) fn group(name: &str) -> Option<Value> {
    let known = groups().into_iter().any(|(group, _)| group == name);
    known.then(|| {
        let mut group = group_body(name);
        group["kind"] = json!("APIGroup");
        group["apiVersion"] = json!("v1");
        group
    })
}

fn group_body(name: &str) -> Value {
    let versions: Vec<Value> = versions(name)
        .iter()
        .map(|version| json!({"groupVersion": api_version(name, version), "version": version}))
        .collect();
    json!({ "name": name, "preferredVersion": versions.first(), "versions": versions })
}

/// `/api/v1` and `/apis/{group}/{version}`
pub(super) fn resources(group: &str, version: &str) -> Option<Value> {
    if !versions(group).contains(&version) {
        return None;
    }
    let mut resources = Vec::new();
    for kind in kinds_of(group, version) {
        resources.push(json!({
            "name": kind.plural,
            "singularName": singular(kind.kind),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": VERBS,
            "shortNames": kind.short,
            "categories": categories(kind),
        }));
        for sub in subresources(kind) {
            let mut resource = json!({
                "name": format!("{}/{}", kind.plural, sub.name),
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": sub.kind,
                "verbs": sub.verbs,
            });
            if let Some((group, version)) = sub.foreign {
                resource["group"] = json!(group);
                resource["version"] = json!(version);
            }
            resources.push(resource);
        }
    }
    for review in reviews_of(group, version) {
        resources.push(json!({
            "name": review.plural,
            "singularName": singular(review.kind),
            "namespaced": false,
            "kind": review.kind,
            "verbs": ["create"],
        }));
    }
    Some(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": resources,
    }))
}

fn singular(kind: &str) -> String {
    kind.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn every_kind_is_found() {
        for kind in kinds::ALL {
            for version in kind.versions {
                let list = resources(kind.group, version).expect("its version is served");
                let names: Vec<_> =
                    list["resources"].as_array().unwrap().iter().map(|r| &r["name"]).collect();
                assert!(names.contains(&&json!(kind.plural)), "{names:?}");
            }
        }
        assert!(resources("apps", "v1beta1").is_none());
        assert!(group("example.org").is_none());
    }

    #[test]
    fn istio_has_three_versions_and_prefers_v1() {
        let group = group("networking.istio.io").unwrap();
        assert_eq!(group["preferredVersion"]["groupVersion"], "networking.istio.io/v1");
        assert_eq!(group["versions"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn scale_is_of_another_group() {
        let apps = resources("apps", "v1").unwrap();
        let scale = apps["resources"]
            .as_array()
            .unwrap()
            .iter()
            .find(|r| r["name"] == "deployments/scale")
            .unwrap();
        assert_eq!((&scale["group"], &scale["kind"]), (&json!("autoscaling"), &json!("Scale")));
    }
}
