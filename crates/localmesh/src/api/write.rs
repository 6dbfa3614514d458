//! Create, replace and patch: from what a caller sent to what the cluster is asked to store.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::App;
use super::answer::{json_answer, not_allowed, warn};
use super::form::versioned;
use super::handlers::Asked;
use super::options::{FieldValidation, Options};
use super::patch::Patch;
use super::path::{self, Target};
use crate::cluster::WriteMode;
use crate::kinds::Kind;
use crate::store::{self, Object, Refusal};
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
        validated(&asked.options, |mode| app.cluster.create(target.kind, object.clone(), mode))?;
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
        path::Part::Status => store::Part::Status,
        _ => store::Part::Spec,
    };
    let (object, warnings) = validated(&asked.options, |mode| {
        app.cluster.modify(target.kind, target.namespace(), name, part, mode, |stored| {
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
    let body = asked.form.object(&asked.target, object, app.cluster.now());
    let mut response = json_answer(code, &body);
    warn(&mut response, warnings);
    warn(&mut response, &doubts(asked.target.kind, object));
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

/// Makes a write as `dryRun` and `fieldValidation` say, and says what was pruned. A warning needs
/// to know what a strict write would refuse, so that is tried first, without storing.
fn validated(
    options: &Options,
    write: impl Fn(WriteMode) -> Result<Arc<Object>, Refusal>,
) -> Result<(Arc<Object>, Vec<String>), Refusal> {
    const STRICT: &str = "strict decoding error: ";
    let dry_run = options.dry_run()?;
    match options.field_validation()? {
        FieldValidation::Strict => Ok((write(WriteMode { dry_run, strict: true })?, Vec::new())),
        FieldValidation::Ignore => Ok((write(WriteMode { dry_run, strict: false })?, Vec::new())),
        FieldValidation::Warn => {
            let tried = write(WriteMode { dry_run: true, strict: true });
            let warnings = match tried {
                Err(refusal) => match refusal.message.split_once(STRICT) {
                    Some((_, fields)) => fields.split(", ").map(str::to_owned).collect(),
                    None => return Err(refusal),
                },
                Ok(_) => Vec::new(),
            };
            Ok((write(WriteMode { dry_run, strict: false })?, warnings))
        }
    }
}

/// All versions of a kind are stored as the preferred one.
fn as_stored(target: &Target, mut object: Value) -> Value {
    object["apiVersion"] = json!(store::api_version(target.kind));
    object["kind"] = json!(target.kind.kind);
    object
}

/// An object that says it is something else than its URL is refused.
fn check_identity(target: &Target, object: &Value) -> Result<(), Refusal> {
    let expected = target.api_version();
    match object["apiVersion"].as_str() {
        Some(given) if given != expected => {
            return Err(Refusal::bad_request(format!(
                "the API version in the data ({given}) does not match the expected API version \
                 ({expected})"
            )));
        }
        _ => {}
    }
    match object["kind"].as_str() {
        Some(given) if given != target.kind.kind => {
            return Err(Refusal::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {given}: kind in the data does not \
                 match the URL",
                target.kind.kind, target.version,
            )));
        }
        _ => {}
    }
    let text = |field: &str| object["metadata"][field].as_str().filter(|text| !text.is_empty());
    if let (Some(given), Some(name)) = (text("name"), target.name.as_deref())
        && given != name
    {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    if let (Some(given), Some(namespace)) = (text("namespace"), target.namespace.as_deref())
        && given != namespace
    {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}
