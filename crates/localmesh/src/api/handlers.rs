//! From a request to its answer, for every kind alike: what differs between kinds is in tables.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{
    deleted, json_answer, no_such_path, not_allowed, refusal_answer, typed_answer,
};
use super::form::Form;
use super::options::Options;
use super::path::{Part, Target};
use super::review::Review;
use super::selector::Filter;
use super::{App, discovery, openapi, podlog, protobuf, proxy, scale, watch, write};
use crate::cluster::WriteMode;
use crate::store::{Preconditions, Refusal};

/// The largest request body, as etcd behind a real API server would take it (apiserver's
/// `MaxRequestBodyBytes`).
pub(super) const BODY_MAX: usize = 3 << 20;

/// A request for an object or a collection, read and checked.
pub(super) struct Asked {
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) form: Form,
}

/// Answers any request.
pub(super) async fn handle(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    if !app.token.admits(request.headers()) {
        return refusal_answer(&Refusal::new(401, "Unauthorized", "Unauthorized"));
    }
    match answer(&app, request).await {
        Ok(response) => response,
        Err(refusal) => {
            tracing::debug!(code = refusal.code, message = %refusal, "refused");
            refusal_answer(&refusal)
        }
    }
}

async fn answer(app: &App, request: Request<Body>) -> Result<Response, Refusal> {
    let path = request.uri().path().to_owned();
    if let Some(target) = Target::parse(&path) {
        return resource(app, target, request).await;
    }
    if let Some(review) = Review::find(&path) {
        if request.method() != Method::POST {
            return Err(not_allowed());
        }
        let question = object_body(request).await?;
        return Ok(json_answer(StatusCode::CREATED, &review.answered(question)));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Err(no_such_path());
    }
    document(&path, &accept(request.headers())).ok_or_else(no_such_path)
}

/// The documents that are not objects.
fn document(path: &str, accept: &str) -> Option<Response> {
    let body = match path.trim_end_matches('/') {
        "/healthz" | "/livez" | "/readyz" => {
            return Some(typed_answer(StatusCode::OK, "text/plain; charset=utf-8", "ok"));
        }
        "/openapi/v2" if accept.contains("protobuf") => {
            let kind = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
            return Some(typed_answer(StatusCode::OK, kind, openapi::V2_PROTOBUF));
        }
        "/version" => discovery::version(),
        "/api" => discovery::core_versions(),
        "/apis" => discovery::group_list(),
        "/openapi/v2" => openapi::v2(),
        "/openapi/v3" => openapi::v3_index(),
        path => {
            if let Some(path) = path.strip_prefix("/openapi/v3/") {
                openapi::v3(path)?
            } else if let Some(version) = path.strip_prefix("/api/") {
                discovery::resources("", version)?
            } else {
                match path.strip_prefix("/apis/")?.split_once('/') {
                    None => discovery::group(path.strip_prefix("/apis/")?)?,
                    Some((group, version)) => discovery::resources(group, version)?,
                }
            }
        }
    };
    Some(json_answer(StatusCode::OK, &body))
}

async fn resource(app: &App, target: Target, request: Request<Body>) -> Result<Response, Refusal> {
    let options = options(&request)?;
    let form = Form::of(&accept(request.headers()), &options);
    let asked = Asked { target, options, form };
    let method = request.method().clone();
    match (&asked.target.part, asked.target.name.is_some()) {
        (Part::Whole, false) => collection(app, asked, request).await,
        (Part::Whole, true) if method == Method::DELETE => delete(app, &asked, request).await,
        (Part::Whole | Part::Status, true) => object(app, asked, request).await,
        (Part::Scale, true) => scale::answer(app, &asked, request).await,
        (Part::Log, true) => podlog::answer(app, &asked, &method),
        (Part::Proxy(path), true) => {
            let path = path.clone();
            proxy::answer(app, &asked.target, &path, request).await
        }
        (_, false) => Err(no_such_path()),
    }
}

async fn collection(app: &App, asked: Asked, request: Request<Body>) -> Result<Response, Refusal> {
    match *request.method() {
        Method::GET | Method::HEAD => {
            let filter = filter(&asked)?;
            if asked.options.flag("watch") {
                return watch::watch(
                    &app.cluster,
                    asked.target,
                    filter,
                    asked.form,
                    &asked.options,
                );
            }
            let listing =
                app.cluster.snapshot(asked.target.kind, asked.target.namespace.as_deref());
            let objects: Vec<&Value> =
                listing.items.iter().map(AsRef::as_ref).filter(|o| filter.matches(o)).collect();
            let now = app.cluster.now();
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

async fn object(app: &App, asked: Asked, request: Request<Body>) -> Result<Response, Refusal> {
    let Some(name) = asked.target.name.clone() else { return Err(no_such_path()) };
    match *request.method() {
        Method::GET | Method::HEAD if asked.options.flag("watch") => {
            let filter = filter(&asked)?.and_name(&name);
            watch::watch(&app.cluster, asked.target, filter, asked.form, &asked.options)
        }
        Method::GET | Method::HEAD => {
            let stored = stored(app, &asked.target)?;
            let now = app.cluster.now();
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

async fn delete(app: &App, asked: &Asked, request: Request<Body>) -> Result<Response, Refusal> {
    let body = options_body(request).await?;
    let (preconditions, mode) = asked.options.deletion(&body)?;
    let target = &asked.target;
    let name = target.name.as_deref().unwrap_or_default();
    let object = app.cluster.delete(target.kind, target.namespace(), name, &preconditions, mode)?;
    let uid = &object["metadata"]["uid"];
    let now = app.cluster.now();
    // Held by a finalizer or by its grace period: the answer is the object that still is.
    let stays = app
        .cluster
        .get(target.kind, target.namespace(), name)
        .is_some_and(|left| left["metadata"]["uid"] == *uid);
    let body = if stays || target.kind.kind == "Pod" {
        asked.form.object(target, &object, now)
    } else {
        deleted(target, uid)
    };
    Ok(json_answer(StatusCode::OK, &body))
}

async fn delete_collection(
    app: &App,
    asked: &Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let filter = filter(asked)?;
    let body = options_body(request).await?;
    let (preconditions, mode) = asked.options.deletion(&body)?;
    let target = &asked.target;
    let listing = app.cluster.snapshot(target.kind, target.namespace.as_deref());
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
    let list = asked.form.list(target, &objects, version, app.cluster.now());
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
    app.cluster.delete(target.kind, text("namespace"), text("name"), &preconditions, mode)
}

/// The stored object a URL names.
pub(super) fn stored(app: &App, target: &Target) -> Result<Arc<Value>, Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    app.cluster
        .get(target.kind, target.namespace(), name)
        .ok_or_else(|| Refusal::not_found(target.kind, name))
}

fn filter(asked: &Asked) -> Result<Filter, Refusal> {
    let options = &asked.options;
    Filter::parse(asked.target.kind, options.text("labelSelector"), options.text("fieldSelector"))
}

fn options(request: &Request<Body>) -> Result<Options, Refusal> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri())
        .map_err(|e| Refusal::bad_request(format!("the query cannot be read: {e}")))?;
    Options::new(pairs)
}

fn accept(headers: &http::HeaderMap) -> String {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// The media type of the body, without its parameters; JSON where none is named.
pub(super) fn content_type(parts: &Parts) -> String {
    let value = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.unwrap_or("application/json").split(';').next().unwrap_or_default();
    media.trim().to_ascii_lowercase()
}

/// The whole body, up to the limit.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    to_bytes(body, BODY_MAX).await.map_err(|e| {
        Refusal::new(
            413,
            "RequestEntityTooLarge",
            format!("the body could not be read, or is larger than {BODY_MAX} bytes: {e}"),
        )
    })
}

/// A JSON object from the body.
pub(super) async fn object_body(request: Request<Body>) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let content_type = content_type(&parts);
    let bytes = read(body).await?;
    let unreadable =
        |e: &dyn std::fmt::Display| Refusal::bad_request(format!("the object cannot be read: {e}"));
    let object: Value = match content_type.as_str() {
        "application/json" | "text/plain" | "application/x-www-form-urlencoded" => {
            serde_json::from_slice(&bytes).map_err(|e| unreadable(&e))?
        }
        protobuf::CONTENT_TYPE => protobuf::decode(&bytes)?,
        "application/yaml" => serde_yaml::from_slice(&bytes).map_err(|e| unreadable(&e))?,
        other => {
            return Err(Refusal::new(
                415,
                "UnsupportedMediaType",
                format!(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json, application/yaml, \
                     application/vnd.kubernetes.protobuf (got \"{other}\")"
                ),
            ));
        }
    };
    if object.is_object() {
        Ok(object)
    } else {
        Err(Refusal::bad_request("the object must be a map"))
    }
}

/// `DeleteOptions`, or nothing.
async fn options_body(request: Request<Body>) -> Result<Value, Refusal> {
    let bytes = read(request.into_body()).await?;
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&bytes)
        .map_err(|e| Refusal::bad_request(format!("the delete options cannot be read: {e}")))
}
