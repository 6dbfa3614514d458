//! HTTP/1.1 to other services, through the container's way out, with Go's habits: two idle
//! connections per host, kept for 90 s, and no timeouts.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::TokioTimer;
use serde::de::DeserializeOwned;

use super::connector::Connector;
use super::tasks::Tasks;
use crate::image::Dial;

/// How long Go keeps an idle connection.
const IDLE: Duration = Duration::from_secs(90);

/// Go waits for ever; nothing in a test run lasts longer than this.
const CALL_MAX: Duration = Duration::from_mins(10);

/// The largest answer that is read; the list of all cities has 3 KiB.
const BODY_MAX: usize = 1024 * 1024;

/// A client with its own connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    inner: legacy::Client<Connector, Empty<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

// === impl Client ===

impl Client {
    /// How many idle connections Go keeps per host.
    pub(super) const GO_IDLE_PER_HOST: usize = 2;

    pub(super) fn new(dial: Dial, tasks: Tasks, idle_per_host: usize) -> Self {
        let inner = legacy::Client::builder(tasks)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(idle_per_host)
            .pool_timer(TokioTimer::new())
            .build(Connector { dial });
        Self { inner }
    }

    /// GET with these headers; an error is a transport error, in words. The `Host` header is the
    /// URL's host and port.
    pub(super) async fn get(&self, url: &str, headers: HeaderMap) -> Result<Reply, String> {
        let told = |error: &dyn std::fmt::Display| format!("GET \"{url}\": {error}");
        let uri: Uri = url.parse().map_err(|error| told(&error))?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let call = async {
            let answer = self.inner.request(request).await.map_err(|error| told(&chain(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, BODY_MAX).collect().await;
            let body = body.map_err(|error| told(&error))?.to_bytes();
            Ok(Reply { status: head.status, body })
        };
        match tokio::time::timeout(CALL_MAX, call).await {
            Ok(reply) => reply,
            Err(_) => Err(told(&"no answer")),
        }
    }
}

// === impl Reply ===

impl Reply {
    /// The body, if it is what was expected.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    // Chains are short; the bound is against one that runs in a circle.
    for _ in 0..8 {
        let Some(cause) = source else { break };
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
