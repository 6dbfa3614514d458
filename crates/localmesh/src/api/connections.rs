//! The connections of the API server: their number and their times are bounded.

use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::upgrade::Upgrade;

/// Connections at once. One `kubectl` holds one or two, the runner some dozens with its watches;
/// beyond this new ones wait until one closes.
const CONNECTIONS_MAX: usize = 512;

/// A handshake on loopback takes milliseconds; who does not finish it must not hold a place.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long a connection may be idle or take to send a request's head. Longer than clients keep
/// idle connections (Go and hyper: 90 s), so that they, not we, close first and no request is lost.
const HEAD_MAX: Duration = Duration::from_mins(5);

/// The pause after a failed `accept` (out of file descriptors), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves whoever connects, until it is dropped with all connections.
pub(super) async fn accept(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, acceptor.clone(), router.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the local API server cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            // Connections that ended give their place back.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    // Without it, small answers would wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a client of the local API server failed the TLS handshake");
            return;
        }
        Err(_) => return,
    };
    let upgrade = Upgrade::default();
    let left = upgrade.clone();
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(upgrade.clone());
        request
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the local API server ended early");
    }
    if let Some(more) = left.take() {
        more.await;
    }
}
