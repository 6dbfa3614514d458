//! Create, replace and patch: from what a caller sent to what the registry is asked to store.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::answer::{json_answer, not_allowed, warn};
use super::form::versioned;
use super::identity::{as_stored, check_identity};
use super::patch::Patch;
use super::request::{App, Asked};
use super::sub_resource;
use super::validation::validated;
use crate::kinds::Kind;
use crate::store::{self, Refusal};
use crate::translate::unsupported;

/// Answers a POST to a collection.
pub(super) fn create(app: &App, asked: &Asked, mut object: Value) -> Result<Response, Refusal> {
    let target = &asked.target;
    check_identity(target, &object)?;
    if target.kind.namespaced {
        let Some(namespace) = &target.namespace else { return Err(not_allowed()) };
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        object["metadata"]["namespace"] = json!(namespace);
    }
    let object = as_stored(target, object);
    let (created, warnings) =
        validated(&asked.options, |mode| app.registry.create(target.kind, object.clone(), mode))?;
    Ok(written(app, asked, StatusCode::CREATED, &created, &warnings))
}

/// Answers a PUT to an object or its status.
pub(super) fn replace(app: &App, asked: &Asked, object: &Value) -> Result<Response, Refusal> {
    check_identity(&asked.target, object)?;
    modify(app, asked, |_| Ok(object.clone()))
}

/// Answers a PATCH of an object or its status.
pub(super) fn patch(
    app: &App,
    asked: &Asked,
    content_type: &str,
    body: &[u8],
) -> Result<Response, Refusal> {
    let target = &asked.target;
    let patch = Patch::parse(target.kind, content_type, body)?;
    modify(app, asked, |stored| {
        let patched = patch.apply(&versioned(target, stored))?;
        check_identity(target, &patched)?;
        Ok(patched)
    })
}

fn modify(
    app: &App,
    asked: &Asked,
    change: impl Fn(&Value) -> Result<Value, Refusal>,
) -> Result<Response, Refusal> {
    let target = &asked.target;
    let name = target.name.as_deref().unwrap_or_default();
    let part = match target.part {
        sub_resource::Part::Status => store::Part::Status,
        _ => store::Part::Spec,
    };
    let (object, warnings) = validated(&asked.options, |mode| {
        app.registry.modify(target.kind, target.namespace(), name, part, mode, |stored| {
            Ok(as_stored(target, change(stored)?))
        })
    })?;
    Ok(written(app, asked, StatusCode::OK, &object, &warnings))
}

fn written(
    app: &App,
    asked: &Asked,
    code: StatusCode,
    object: &Value,
    warnings: &[String],
) -> Response {
    let body = asked.form.object(&asked.target, object, app.registry.now());
    let mut response = json_answer(code, &body);
    warn(&mut response, &[warnings, &doubts(asked.target.kind, object)].concat());
    response
}

/// What istiod's webhook would warn of, and what this mesh will not do.
fn doubts(kind: &Kind, object: &Value) -> Vec<String> {
    if kind.group != "networking.istio.io" {
        return Vec::new();
    }
    let admitted = istio::admit(kind.kind, object, false);
    let mut said = admitted.map(|(_, warnings)| warnings).unwrap_or_default();
    said.extend(unsupported(object));
    said
}
