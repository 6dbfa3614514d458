//! HTTP/1.1 to other services, through the container's way out, with the demo's headers and with
//! Go's habits: two idle connections per host, kept for 90 s, and no timeouts.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower::Service;

use super::kit::Tasks;
use crate::image::{Dial, Stream};

/// How long Go keeps an idle connection.
const IDLE: Duration = Duration::from_secs(90);

/// Go waits for ever; nothing in a test run lasts longer than this.
const CALL_MAX: Duration = Duration::from_mins(10);

/// The largest answer that is read; the list of all cities has 3 KiB.
const BODY_MAX: usize = 1024 * 1024;

/// What is handed on from a request to the calls made for it: the demo's own four headers and the
/// trace context in both of its forms.
const FORWARDED: [&str; 13] = [
    "portal",
    "device",
    "user",
    "travel",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "traceparent",
    "tracestate",
    "baggage",
];

/// A client with its own connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    inner: legacy::Client<Connector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Opens connections through the container's way out.
#[derive(Clone)]
struct Connector {
    dial: Dial,
}

/// A stream as the HTTP client wants it.
struct Wire(Pin<Box<dyn Stream>>);

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

    /// GET with these headers; an error is a transport error, in words.
    pub(super) async fn get(&self, url: &str, headers: HeaderMap) -> Result<Reply, String> {
        self.send(Method::GET, url, headers, Bytes::new()).await
    }

    /// Any request. The `Host` header is the URL's host and port.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Reply, String> {
        let told = |error: &dyn std::fmt::Display| format!("{method} \"{url}\": {error}");
        let uri: Uri = url.parse().map_err(|error| told(&error))?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
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

// === impl Connector ===

impl Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Go's default port of http; everything in the demo names its port.
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
        let dialled = (self.dial)(host.to_owned(), port);
        Box::pin(async move { Ok(TokioIo::new(Wire(dialled.await?))) })
    }
}

// === impl Wire ===

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(context)
    }
}

/// The headers of a request that are handed on.
pub(super) fn forwarded(from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in FORWARDED {
        if let Some(value) = from.get(name).filter(|value| !value.is_empty()) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    headers
}

/// A header's value as text, empty if it is absent.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A path segment, percent-encoded where it has to be.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_headers_and_the_trace_are_handed_on_and_nothing_else() {
        let mut headers = HeaderMap::new();
        for name in ["portal", "travel", "traceparent", "x-request-id", "discountfrom", "cookie"] {
            headers.insert(HeaderName::from_static(name), "x".parse().unwrap());
        }
        headers.insert("user", "".parse().unwrap());
        let handed = forwarded(&headers);
        let mut names: Vec<_> = handed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["portal", "traceparent", "travel"]);
    }

    #[test]
    fn a_segment_is_encoded() {
        assert_eq!(segment("San Marino"), "San%20Marino");
        assert_eq!(segment("a/b?c#ü"), "a%2Fb%3Fc%23%C3%BC");
        assert_eq!(segment("Rome"), "Rome");
    }
}
