//! The pages of one pod's port 15020, as pilot-agent serves them.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, header};
use tokio::net::TcpListener;

use super::page::Metrics;
use super::queue::Threads;
use crate::network::{Network, PodNet};

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `/stats/prometheus` (and `/healthz/ready`) for one pod until the future is dropped.
pub async fn serve(
    listener: TcpListener,
    admin: PathBuf,
    pod: PodNet,
    network: Network,
    threads: Threads,
) {
    let router = Router::new()
        .route("/stats/prometheus", get(metrics))
        .route("/metrics", get(metrics))
        .route("/healthz/ready", get(ready))
        .with_state(Arc::new(Metrics::new(admin, pod, network, threads)));
    crate::http::serve(listener, router).await;
}

async fn metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.page().await {
        Ok(page) => ([(header::CONTENT_TYPE, TEXT)], page).into_response(),
        Err(error) => unavailable(error),
    }
}

async fn ready(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.ready().await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status);
            (status.unwrap_or(StatusCode::BAD_GATEWAY), answer.body).into_response()
        }
        Err(error) => unavailable(error),
    }
}

fn unavailable(error: std::io::Error) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("Envoy's admin: {error}\n")).into_response()
}
