//! The transport: Envoy's REST xDS as long polling on a Unix socket of the mesh. All questions of
//! an Envoy share one HTTP/2 connection, so a mesh needs few files. What a question is and how it
//! is answered says `discovery`.

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::connection::Connection;
use super::discovery::answer;

/// Name of the socket in the mesh's folder.
pub const SOCKET: &str = "xds.sock";

/// Connections at once: one per Envoy; a machine holds far fewer Envoys.
const CONNECTIONS_MAX: usize = 1024;
/// Subscriptions of one Envoy: one per cluster, one per port, and two. Envoy's own bound is lower
/// than this by default; the bootstrap sets it to the same.
pub(crate) const STREAMS_MAX: u32 = 16_384;

/// Pause after `accept` failed (too many open files), lest it be tried in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Owns the tasks in which hyper serves the streams of one connection; they end with it.
#[derive(Debug, Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

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

/// Answers the proxies that `find` knows by their node id, until the future is dropped; the
/// connections end with it.
pub(super) async fn serve<F>(listener: UnixListener, find: F)
where
    F: Fn(&str) -> Option<Arc<Connection>> + Clone + Send + Sync + 'static,
{
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
        let find = find.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let find = find.clone();
            async move { Ok::<_, Infallible>(answer(find, number, request).await) }
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
