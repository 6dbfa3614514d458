//! The transport: Envoy's REST xDS as long polling on a Unix socket of the mesh. An Envoy asks for
//! each subscription, and is answered when there is something that it has not. All questions of an
//! Envoy share one HTTP/2 connection, so a mesh needs few files.

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::ControlPlane;

/// Name of the socket in the mesh's folder.
pub const SOCKET: &str = "xds.sock";

/// Connections at once: one per Envoy; a machine holds far fewer Envoys.
const CONNECTIONS_MAX: usize = 1024;
/// Subscriptions of one Envoy: one per cluster, one per port, and two. Envoy's own bound is lower
/// than this by default; the bootstrap sets it to the same.
pub(crate) const STREAMS_MAX: u32 = 16_384;
/// The longest question: Envoy lists all its extensions each time, some 100 kB.
const QUESTION_MAX: usize = 4 * 1024 * 1024;
/// How long one who may not ask, or asks for nonsense, waits: Envoy asks again at once.
const STRANGER_WAITS: Duration = Duration::from_secs(1);
/// Pause after `accept` failed (too many open files), lest it be tried in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A kind of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Clusters,
    Endpoints,
    Listeners,
    Routes,
}

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

/// Owns the tasks in which hyper serves the streams of one connection; they end with it.
#[derive(Debug, Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

// === impl Kind ===

impl Kind {
    /// By the path of the question.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.strip_prefix("/v3/discovery:")? {
            "clusters" => Some(Self::Clusters),
            "endpoints" => Some(Self::Endpoints),
            "listeners" => Some(Self::Listeners),
            "routes" => Some(Self::Routes),
            _ => None,
        }
    }

    /// The subscription to the resources of this name.
    pub(super) fn key(self, name: &str) -> String {
        match self {
            Self::Clusters => "cds".to_owned(),
            Self::Endpoints => format!("eds/{name}"),
            Self::Listeners => "lds".to_owned(),
            Self::Routes => format!("rds/{name}"),
        }
    }
}

// === impl Streams ===

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}

/// Opens the socket in the mesh's folder, for our own user alone.
pub fn listen(folder: &Path) -> io::Result<UnixListener> {
    let path = folder.join(SOCKET);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the future is dropped; the connections end with it.
pub(super) async fn serve(listener: UnixListener, control_plane: ControlPlane) {
    let mut connections = JoinSet::new();
    // Later connections have greater numbers.
    let mut number = 0_u64;
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        number += 1;
        let control_plane = control_plane.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let control_plane = control_plane.clone();
            async move { Ok::<_, Infallible>(answer(&control_plane, number, request).await) }
        });
        connections.spawn(async move {
            // An Envoy that ends, ends its connection; that is no error of ours.
            let _ = http2::Builder::new(Streams::default())
                .max_concurrent_streams(STREAMS_MAX)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    control_plane: &ControlPlane,
    connection: u64,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let kind = Kind::of(request.uri().path());
    let question = read(request.into_body()).await;
    let (Some(kind), Some(question)) = (kind, question) else {
        return stranger().await;
    };
    let Some(member) = control_plane.member(&question.node.id) else {
        return stranger().await;
    };
    let name = question.resource_names.first().map_or("", String::as_str);
    match member.ask(connection, kind, name, &question.version_info).await {
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
