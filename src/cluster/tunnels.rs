//! Connections to pods' loopback that are kept: opening one takes several messages.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use kube::api::Portforwarder;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// The largest page that is read: the routes of a proxy that knows a thousand services are 10 MB.
const PAGE_MAX: usize = 64 * 1024 * 1024;

/// How many connections are kept: the control planes and the proxies that are asked again and
/// again. With more, all are opened anew.
const KEPT_MAX: usize = 64;

/// What is asked: a JSON body, or none.
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) body: Bytes,
}

/// A kept connection; none before the first, and after one that failed.
pub(super) type Kept = Arc<Mutex<Option<Tunnel>>>;

/// Namespace, pod and port.
pub(super) type End = (String, String, u16);

/// Connections by where they end.
#[derive(Clone, Default)]
pub(super) struct Tunnels(Arc<Mutex<HashMap<End, Kept>>>);

/// A connection to a port of a pod's loopback.
pub(super) struct Tunnel {
    requests: SendRequest<Full<Bytes>>,
    /// Reads and writes for it.
    _driver: JoinSet<()>,
    forward: Portforwarder,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.forward.abort();
    }
}

// === impl Tunnels ===

impl Tunnels {
    /// The connection that is kept to an end, if there is one.
    pub(super) async fn kept(&self, key: End) -> Kept {
        let mut all = self.0.lock().await;
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            all.clear();
        }
        Arc::clone(all.entry(key).or_default())
    }
}

// === impl Tunnel ===

impl Tunnel {
    /// Over a port-forward, to this port.
    pub(super) async fn through(
        mut forward: Portforwarder,
        port: u16,
        doing: &str,
    ) -> Result<Self> {
        let none = || Error::runner(doing, "the port-forward has no stream");
        let stream = TokioIo::new(forward.take_stream(port).ok_or_else(none)?);
        let broken = |cause: hyper::Error| Error::runner(doing, cause);
        let (requests, connection) = http1::handshake(stream).await.map_err(broken)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        Ok(Self { requests, _driver: driver, forward })
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// What is answered.
    pub(super) async fn ask(&mut self, question: &Question<'_>, doing: &str) -> Result<String> {
        let failed = |cause: &dyn std::fmt::Display| Error::runner(doing, cause);
        self.requests.ready().await.map_err(|cause| failed(&cause))?;
        let request = Request::builder()
            .method(&question.method)
            .uri(question.path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(question.body.clone()))
            .map_err(|cause| failed(&cause))?;
        let answer = self.requests.send_request(request).await.map_err(|cause| failed(&cause))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), PAGE_MAX).collect().await;
        let body = body.map_err(|cause| failed(&cause))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() {
            return Ok(text);
        }
        // Enough to see what it is; the page may be anything.
        let start: String = text.chars().take(300).collect();
        Err(failed(&format!("answered {status}: {start}")))
    }
}
