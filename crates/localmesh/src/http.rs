//! A little HTTP server for pages of text: the metrics on port 15020 and istiod's debug pages.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Connections at once; scrapers and runners are few, the next one waits.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to send its request, and an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Pause after `accept` failed (too many open files), lest it be tried in a tight loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
        let service = TowerToHyperService::new(router.clone());
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
