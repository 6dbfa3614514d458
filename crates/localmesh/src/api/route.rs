//! From a request to whoever answers it, for every kind alike: what differs between kinds is in
//! tables.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{Method, Request, StatusCode};

use super::answer::{json_answer, no_such_path, not_allowed, refusal_answer};
use super::body::object_body;
use super::documents::document;
use super::path::Target;
use super::request::{App, Asked, accepted};
use super::review::Review;
use super::sub_resource::Part;
use super::{collection, log, object, port_forward, proxy, scale};
use crate::store::Refusal;

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
        return resource(app, Asked::new(target, &request)?, request).await;
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
    document(&path, &accepted(request.headers())).ok_or_else(no_such_path)
}

async fn resource(app: &App, asked: Asked, request: Request<Body>) -> Result<Response, Refusal> {
    let method = request.method().clone();
    match (&asked.target.part, asked.target.name.is_some()) {
        (Part::Whole, false) => collection::answer(app, asked, request).await,
        (Part::Whole, true) if method == Method::DELETE => {
            object::delete(app, &asked, request).await
        }
        (Part::Whole | Part::Status, true) => object::answer(app, asked, request).await,
        (Part::Scale, true) => scale::answer(app, &asked, request).await,
        (Part::Log, true) => log::answer(app, &asked, &method),
        (Part::PortForward, true) => port_forward::answer(app, &asked, request),
        (Part::Proxy(path), true) => {
            let path = path.clone();
            proxy::answer(app, &asked.target, &path, request).await
        }
        (_, false) => Err(no_such_path()),
    }
}
