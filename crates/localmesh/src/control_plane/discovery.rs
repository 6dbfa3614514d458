//! One question of an Envoy and its answer. An Envoy asks for each subscription, and is answered
//! when there is something that it has not.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde::Deserialize;
use tokio::time::sleep;

use super::connection::Connection;
use super::kind::Kind;

/// The longest question: Envoy lists all its extensions each time, some 100 kB.
const QUESTION_MAX: usize = 4 * 1024 * 1024;
/// How long one who may not ask, or asks for nonsense, waits: Envoy asks again at once.
const STRANGER_WAITS: Duration = Duration::from_secs(1);

/// A `DiscoveryRequest`, as far as it matters.
#[derive(Debug, Deserialize)]
struct Question {
    node: Node,
    /// What was accepted last.
    #[serde(default)]
    version_info: String,
    /// The one name of a route configuration or a service.
    #[serde(default)]
    resource_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
}

/// Answers a question that came in this session.
pub(super) async fn answer(
    find: impl Fn(&str) -> Option<Arc<Connection>>,
    session: u64,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let kind = Kind::of(request.uri().path());
    let question = read(request.into_body()).await;
    let (Some(kind), Some(question)) = (kind, question) else {
        return stranger().await;
    };
    let Some(connection) = find(&question.node.id) else {
        return stranger().await;
    };
    let name = question.resource_names.first().map_or("", String::as_str);
    match connection.ask(session, kind, name, &question.version_info).await {
        Some(body) => {
            let mut response = Response::new(Full::new(Bytes::from(body)));
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        None => unchanged(),
    }
}

async fn read(body: Incoming) -> Option<Question> {
    let body = Limited::new(body, QUESTION_MAX).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok()
}

async fn stranger() -> Response<Full<Bytes>> {
    sleep(STRANGER_WAITS).await;
    unchanged()
}

/// Envoy asks again, and counts no failure.
fn unchanged() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}
