//! A little HTTP server for pages of text: the metrics on port 15020 and istiod's debug pages. Each
//! request knows whether it came from inside the pod.

use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// Connections at once; scrapers and runners are few, the next one waits.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to send its request, and an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after `accept` failed (too many open files), lest it be tried in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody inside the pod, over its loopback: from its own address to itself.
    Inside,
    /// Anybody else.
    Outside,
}

// === impl Caller ===

impl Caller {
    fn of(stream: &TcpStream) -> Self {
        let own = stream.local_addr().ok().map(|address| address.ip());
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        if own.is_some() && own == peer { Self::Inside } else { Self::Outside }
    }
}

/// Answers until the future is dropped; its connections end with it, which axum's own server does
/// not do.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
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
        let caller = Caller::of(&stream);
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(caller);
            request
        });
        let service = TowerToHyperService::new(service);
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
