//! A collection: listed, watched, added to, or deleted as a whole.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use serde_json::Value;

use super::answer::{json_answer, not_allowed};
use super::body::{object_body, options_body};
use super::path::Target;
use super::request::{App, Asked};
use super::{watch, write};
use crate::registry::WriteMode;
use crate::store::{Preconditions, Refusal};

/// Answers a request for a collection.
pub(super) async fn answer(
    app: &App,
    asked: Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    match *request.method() {
        Method::GET | Method::HEAD => {
            let filter = asked.filter()?;
            if asked.options.flag("watch") {
                return watch::watch(
                    &app.registry,
                    asked.target,
                    filter,
                    asked.form,
                    &asked.options,
                );
            }
            let listing =
                app.registry.snapshot(asked.target.kind, asked.target.namespace.as_deref());
            let objects: Vec<&Value> =
                listing.items.iter().map(AsRef::as_ref).filter(|o| filter.matches(o)).collect();
            let now = app.registry.now();
            let list = asked.form.list(&asked.target, &objects, listing.resource_version, now);
            Ok(json_answer(StatusCode::OK, &list))
        }
        Method::POST => {
            let object = object_body(request).await?;
            write::create(app, &asked, object)
        }
        Method::DELETE => delete_collection(app, &asked, request).await,
        _ => Err(not_allowed()),
    }
}

async fn delete_collection(
    app: &App,
    asked: &Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let filter = asked.filter()?;
    let body = options_body(request).await?;
    let (preconditions, mode) = asked.options.deletion(&body)?;
    let target = &asked.target;
    let listing = app.registry.snapshot(target.kind, target.namespace.as_deref());
    let mut gone = Vec::new();
    for object in listing.items.iter().filter(|object| filter.matches(object)) {
        match delete_listed(app, target, object, &preconditions, mode) {
            Ok(object) => gone.push(object),
            // Somebody else was faster; the object is gone, or it is another one of that name.
            Err(refusal) if refusal.code == 404 || refusal.code == 409 => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let objects: Vec<&Value> = gone.iter().map(AsRef::as_ref).collect();
    let version = listing.resource_version;
    let list = asked.form.list(target, &objects, version, app.registry.now());
    Ok(json_answer(StatusCode::OK, &list))
}

fn delete_listed(
    app: &App,
    target: &Target,
    object: &Value,
    preconditions: &Preconditions,
    mode: WriteMode,
) -> Result<Arc<Value>, Refusal> {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    let mut preconditions = preconditions.clone();
    preconditions.uid.get_or_insert_with(|| text("uid").to_owned());
    app.registry.delete(target.kind, text("namespace"), text("name"), &preconditions, mode)
}
