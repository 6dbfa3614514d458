//! The API server of the local mesh: HTTPS on loopback with a token, so that the `kube` crate, a
//! stock `kubectl` and everything built on them reach the mesh as they reach any cluster.
//!
//! The map: `handlers` decides by path (`path`), verb and `options`; `write`, `watch`, `scale`,
//! `podlog`, `proxy` and `review` answer; `discovery` and `openapi` say what there is; `form` and
//! `table` say it in the form that is wanted; `patch`, `strategic`, `selector` and `protobuf` are
//! pure; `answer` makes refusals into `Status` objects; `auth`, `tls` and `kubeconfig` are the
//! door.

mod answer;
mod auth;
mod discovery;
mod form;
mod handlers;
mod kubeconfig;
mod openapi;
mod options;
mod patch;
mod path;
mod podlog;
mod protobuf;
mod proxy;
mod review;
mod scale;
mod selector;
mod strategic;
mod table;
mod tls;
mod watch;
mod write;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use self::auth::Token;
use self::tls::Identity;
use super::cluster::Cluster;
use super::logs::Logs;
use super::network::Network;
use crate::error::{Error, Result};

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

/// A running API server; it ends when this is dropped or stopped.
pub struct ApiServer {
    address: SocketAddr,
    authority: String,
    app: Arc<App>,
    /// The accept loop, which owns the connections.
    tasks: JoinSet<()>,
}

/// What the handlers work on.
struct App {
    cluster: Cluster,
    network: Network,
    logs: Logs,
    token: Token,
}

// === impl ApiServer ===

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the token.
        f.debug_struct("ApiServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Starts serving on a free port of 127.0.0.1, with certificates and a token made for this
    /// server alone.
    pub async fn start(cluster: Cluster, network: Network, logs: Logs) -> Result<Self> {
        let identity = Identity::generate()?;
        let doing = "opening the local API server's port on 127.0.0.1";
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| Error::new(doing, e))?;
        let address = listener.local_addr().map_err(|e| Error::new(doing, e))?;
        let app = Arc::new(App { cluster, network, logs, token: Token::random() });
        let router = Router::new().fallback(handlers::handle).with_state(Arc::clone(&app));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, TlsAcceptor::from(identity.config), router));
        Ok(Self { address, authority: identity.authority, app, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A kubeconfig whose only context, `context`, is this server. It holds the token.
    #[must_use]
    pub fn kubeconfig(&self, context: &str) -> String {
        kubeconfig::text(context, self.address, &self.authority, self.app.token.reveal())
    }

    /// Writes the kubeconfig to a file that only its owner can read, whole or not at all.
    pub fn write_kubeconfig(&self, path: &Path, context: &str) -> Result<()> {
        kubeconfig::write(path, &self.kubeconfig(context))
    }

    /// Closes the port and all connections; answers that are under way are cut.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
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
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the local API server ended early");
    }
}
