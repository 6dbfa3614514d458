//! A running API server: its port, its certificates, its token.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::auth::Token;
use super::connections::accept;
use super::request::App;
use super::tls::Identity;
use super::{kubeconfig, route};
use crate::error::{Error, Result};
use crate::logs::Logs;
use crate::network::Network;
use crate::registry::Registry;

/// A running API server; it ends when this is dropped or stopped.
pub struct ApiServer {
    address: SocketAddr,
    authority: String,
    app: Arc<App>,
    /// The accept loop, which owns the connections.
    tasks: JoinSet<()>,
}

// === impl ApiServer ===

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the token.
        f.debug_struct("ApiServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Starts serving on a free port of 127.0.0.1, with certificates and a token made for this
    /// server alone.
    pub async fn start(registry: Registry, network: Network, logs: Logs) -> Result<Self> {
        let identity = Identity::generate()?;
        let doing = "opening the local API server's port on 127.0.0.1";
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| Error::new(doing, e))?;
        let address = listener.local_addr().map_err(|e| Error::new(doing, e))?;
        let app = Arc::new(App { registry, network, logs, token: Token::random() });
        let router = Router::new().fallback(route::handle).with_state(Arc::clone(&app));
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
