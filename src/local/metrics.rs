//! Istio's standard metrics from an upstream Envoy: the stats access logger that counts, and the
//! page on port 15020 that shows the counts under Istio's names and labels.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use tokio::net::TcpListener;

use super::network::{Network, PodNet, Workload};

/// Which side of a connection a listener is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reporter {
    /// Outbound listeners.
    Source,
    /// Inbound listeners.
    Destination,
}

/// The `access_log` list of an HTTP connection manager. Pure.
#[must_use]
pub fn http_access_log(_reporter: Reporter, _own: &Workload) -> Vec<Value> {
    Vec::new()
}

/// The `access_log` list of a TCP proxy. Pure.
#[must_use]
pub fn tcp_access_log(_reporter: Reporter, _own: &Workload) -> Vec<Value> {
    Vec::new()
}

/// Serves `/stats/prometheus` (and `/healthz/ready`) for one pod until the future is dropped.
pub async fn serve(_listener: TcpListener, _admin: PathBuf, _pod: PodNet, _network: Network) {
    std::future::pending::<()>().await;
}

/// Where a pod's metrics are really served.
pub type Telemetry = SocketAddr;
