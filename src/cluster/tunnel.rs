//! What a pod serves on its own loopback alone, read through a port-forward: an Envoy's admin
//! interface and istiod's debug pages, which answer nobody else (Istio, pilot/pkg/xds/debug.go,
//! `allowAuthenticatedOrLocalhost`). Connections are kept: opening one takes several messages.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Portforwarder};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::connect::REQUEST_TIMEOUT;
use super::failure::failed;
use super::handle::Cluster;
use crate::error::{Error, Result};

/// The largest page that is read: the routes of a proxy that knows a thousand services are 10 MB.
const PAGE_MAX: usize = 64 * 1024 * 1024;

/// How many connections are kept: the control planes and the proxies that are asked again and
/// again. With more, all are opened anew.
const KEPT_MAX: usize = 64;

/// Why a pod's inside could not be asked.
#[derive(Debug)]
pub(super) enum Unreached {
    /// Nobody gave us the right, or what is between us and the API server lets no upgrade through.
    Forbidden,
    /// Anything else.
    Failed(Error),
}

/// What is asked: a JSON body, or none.
struct Question<'a> {
    method: Method,
    path: &'a str,
    body: Bytes,
}

/// A kept connection; none before the first, and after one that failed.
type Kept = Arc<Mutex<Option<Tunnel>>>;

/// Namespace, pod and port.
type End = (String, String, u16);

/// Connections by where they end.
#[derive(Clone, Default)]
pub(super) struct Tunnels(Arc<Mutex<HashMap<End, Kept>>>);

/// A connection to a port of a pod's loopback.
struct Tunnel {
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

impl From<Error> for Unreached {
    fn from(error: Error) -> Self {
        if error.is_of_rights() { Self::Forbidden } else { Self::Failed(error) }
    }
}

// === impl Cluster ===

impl Cluster {
    /// What a pod answers to GET on a port of its loopback.
    pub(super) async fn inside(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        path: &str,
    ) -> Result<String, Unreached> {
        let question = Question { method: Method::GET, path, body: Bytes::new() };
        self.ask_inside(namespace, pod, port, question).await
    }

    /// What a pod's own program answers to a request that may be sent twice: asked from within the
    /// pod, past its sidecar, which lets nobody in without a certificate of the mesh if it is told
    /// so; and if that cannot be, through the pod proxy.
    pub async fn program_request(
        &self,
        method: Method,
        pod: &super::pod::Pod,
        port: u16,
        path: &str,
        body: Option<&Value>,
    ) -> Result<String> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let question = Question { method: method.clone(), path, body: text.into() };
        match self.ask_inside(&pod.namespace, &pod.name, port, question).await {
            Ok(answer) => Ok(answer),
            Err(_) => self.pod_request(method, pod, port, path, body).await,
        }
    }

    async fn ask_inside(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        question: Question<'_>,
    ) -> Result<String, Unreached> {
        let path = question.path;
        let doing = format!("asking pod {namespace}/{pod} from within on port {port} for {path}");
        let asking = self.ask(namespace, pod, port, &question, &doing);
        match tokio::time::timeout(REQUEST_TIMEOUT, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::runner(doing, "no answer within 20 s").into()),
        }
    }

    async fn ask(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        question: &Question<'_>,
        doing: &str,
    ) -> Result<String, Unreached> {
        let kept = self.tunnels.kept((namespace.to_owned(), pod.to_owned(), port)).await;
        let mut kept = kept.lock().await;
        // A kept connection may have ended since; a new one is tried once.
        if let Some(tunnel) = kept.as_mut().filter(|tunnel| !tunnel.requests.is_closed())
            && let Ok(page) = tunnel.ask(question, doing).await
        {
            return Ok(page);
        }
        *kept = None;
        let mut tunnel = self.open(namespace, pod, port, doing).await?;
        let page = tunnel.ask(question, doing).await?;
        *kept = Some(tunnel);
        Ok(page)
    }

    async fn open(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        doing: &str,
    ) -> Result<Tunnel, Unreached> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let mut forward = match pods.portforward(pod, &[port]).await {
            Ok(forward) => forward,
            Err(kube::Error::UpgradeConnection(_)) => return Err(Unreached::Forbidden),
            Err(cause) => return Err(failed(doing.to_owned(), cause).into()),
        };
        let none = || Error::runner(doing, "the port-forward has no stream");
        let stream = TokioIo::new(forward.take_stream(port).ok_or_else(none)?);
        let broken = |cause: hyper::Error| Error::runner(doing, cause);
        let (requests, connection) = http1::handshake(stream).await.map_err(broken)?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        Ok(Tunnel { requests, _driver: driver, forward })
    }
}

// === impl Tunnels ===

impl Tunnels {
    async fn kept(&self, key: End) -> Kept {
        let mut all = self.0.lock().await;
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            all.clear();
        }
        Arc::clone(all.entry(key).or_default())
    }
}

// === impl Tunnel ===

impl Tunnel {
    async fn ask(&mut self, question: &Question<'_>, doing: &str) -> Result<String> {
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
