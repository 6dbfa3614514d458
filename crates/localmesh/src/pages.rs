//! A little HTTP server for pages of text: the metrics on port 15020 and istiod's debug pages.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Connections at once; scrapers and runners are few, the next one waits.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to send its request, and an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after `accept` failed (too many open files), lest it be tried in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is answered.
#[derive(Debug, Clone)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// `content-type`.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

// === impl Page ===

impl Page {
    /// Plain text.
    #[must_use]
    pub const fn text(status: u16, body: String) -> Self {
        Self { status, content_type: "text/plain; charset=UTF-8", body }
    }

    /// JSON.
    #[must_use]
    pub fn json(body: &serde_json::Value) -> Self {
        Self { status: 200, content_type: "application/json", body: body.to_string() }
    }

    /// Prometheus' text format.
    #[must_use]
    pub const fn metrics(body: String) -> Self {
        Self { status: 200, content_type: "text/plain; version=0.0.4; charset=utf-8", body }
    }
}

/// Answers each request by its path and query, until the future is dropped; its connections end
/// with it.
pub async fn serve(
    listener: TcpListener,
    answer: impl Fn(String) -> BoxFuture<'static, Page> + Send + Sync + 'static,
) {
    let answer = Arc::new(answer);
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request: Request<_>| {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
            let page = answer(path);
            async move { Ok::<_, Infallible>(respond(page.await)) }
        });
        connections.spawn(async move {
            // What a client does to its connection is no error of ours.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn respond(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(page.body)));
    *response.status_mut() =
        http::StatusCode::from_u16(page.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    let kind = http::HeaderValue::from_static(page.content_type);
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
