//! As much OpenAPI as a stock `kubectl` needs. It looks into a group's v3 document for one thing:
//! whether PATCH takes `fieldValidation` and `dryRun`; then it leaves validation to the server.
//! Types are not described, so `kubectl` merges built-in kinds by the tags compiled into it. Pure.

use serde_json::{Map, Value, json};

use super::groups::{self, kinds_of};
use super::path::api_version;

/// The v2 document as the protobuf message `openapi.v2.Document` with nothing but `swagger: "2.0"`
/// (field 1): `kubectl` asks for it in this form only, and skips what it does not describe.
pub(super) const V2_PROTOBUF: &[u8] = &[0x0a, 0x03, b'2', b'.', b'0'];

/// The v2 document as JSON.
pub(super) fn v2() -> Value {
    json!({ "swagger": "2.0", "info": info(), "paths": {}, "definitions": {} })
}

/// `/openapi/v3`: where each group's document is.
pub(super) fn v3_index() -> Value {
    let mut paths = Map::new();
    for (group, versions) in all_groups() {
        for version in versions {
            let path = group_path(group, version);
            let url = format!("/openapi/v3/{path}");
            paths.insert(path, json!({ "serverRelativeURL": url }));
        }
    }
    json!({ "paths": paths })
}

/// `/openapi/v3/{path}`
pub(super) fn v3(path: &str) -> Option<Value> {
    let (group, version) = all_groups().into_iter().find_map(|(group, versions)| {
        versions.into_iter().find(|v| group_path(group, v) == path).map(|v| (group, v))
    })?;
    let mut paths = Map::new();
    for kind in kinds_of(group, version) {
        let scope = if kind.namespaced { "namespaces/{namespace}/" } else { "" };
        let url = format!("/{path}/{scope}{}/{{name}}", kind.plural);
        let gvk = json!({ "group": group, "version": version, "kind": kind.kind });
        paths.insert(url, json!({ "patch": patch_operation(&gvk) }));
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths,
        "components": { "schemas": {} },
    }))
}

fn patch_operation(gvk: &Value) -> Value {
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
        .into_iter()
        .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } }))
        .collect();
    json!({
        "parameters": parameters,
        // Strategic merge is left out: naming it would make kubectl look for the types' schemas.
        "requestBody": { "content": { "application/merge-patch+json": {} } },
        "responses": { "200": { "description": "OK" } },
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
    })
}

fn info() -> Value {
    json!({ "title": "Faultless local mesh", "version": "v1.32.0" })
}

fn all_groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups = vec![("", vec!["v1"])];
    groups.extend(groups::groups());
    groups
}

/// `api/v1` or `apis/apps/v1`.
fn group_path(group: &str, version: &str) -> String {
    let root = if group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", api_version(group, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_index_exists_and_has_field_validation() {
        let index = v3_index();
        let paths = index["paths"].as_object().unwrap();
        assert!(paths.contains_key("api/v1") && paths.contains_key("apis/apps/v1"));
        for path in paths.keys() {
            let document = v3(path).unwrap();
            for operation in document["paths"].as_object().unwrap().values() {
                assert!(operation.to_string().contains("fieldValidation"));
            }
        }
        assert!(v3("apis/none/v1").is_none());
    }
}
