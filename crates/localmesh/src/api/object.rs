//! One object: read, watched, replaced, patched or deleted.

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode};

use super::answer::{deleted, json_answer, no_such_path, not_allowed};
use super::body::{content_type, object_body, options_body, read};
use super::request::{App, Asked};
use super::{watch, write};
use crate::store::Refusal;

/// Answers a request for an object or its status.
pub(super) async fn answer(
    app: &App,
    asked: Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let Some(name) = asked.target.name.clone() else { return Err(no_such_path()) };
    match *request.method() {
        Method::GET | Method::HEAD if asked.options.flag("watch") => {
            let filter = asked.filter()?.and_name(&name);
            watch::watch(&app.registry, asked.target, filter, asked.form, &asked.options)
        }
        Method::GET | Method::HEAD => {
            let stored = app.stored(&asked.target)?;
            let now = app.registry.now();
            let object = asked.form.object(&asked.target, &stored, now);
            Ok(json_answer(StatusCode::OK, &object))
        }
        Method::PUT => {
            let object = object_body(request).await?;
            write::replace(app, &asked, &object)
        }
        Method::PATCH => {
            let (parts, body) = request.into_parts();
            let body = read(body).await?;
            write::patch(app, &asked, &content_type(&parts), &body)
        }
        _ => Err(not_allowed()),
    }
}

/// Answers the DELETE of an object.
pub(super) async fn delete(
    app: &App,
    asked: &Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let body = options_body(request).await?;
    let (preconditions, mode) = asked.options.deletion(&body)?;
    let target = &asked.target;
    let name = target.name.as_deref().unwrap_or_default();
    let object =
        app.registry.delete(target.kind, target.namespace(), name, &preconditions, mode)?;
    let uid = &object["metadata"]["uid"];
    let now = app.registry.now();
    // Held by a finalizer or by its grace period: the answer is the object that still is.
    let stays = app
        .registry
        .get(target.kind, target.namespace(), name)
        .is_some_and(|left| left["metadata"]["uid"] == *uid);
    let body = if stays || target.kind.kind == "Pod" {
        asked.form.object(target, &object, now)
    } else {
        deleted(target, uid)
    };
    Ok(json_answer(StatusCode::OK, &body))
}
