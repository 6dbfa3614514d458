//! A small HTTP/1.1 server for the stand-ins, whose connections end with it, and the answers they
//! share.

use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use super::kit::Kit;
use super::tasks::Tasks;

/// How long to wait when no connection can be accepted (no file descriptors left, say).
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves the router on the port of `LISTEN_ADDRESS`, or else on all the container's ports, until
/// it is stopped.
pub(super) async fn serve(mut kit: Kit, router: Router) -> Result<(), String> {
    let mut listeners = std::mem::take(&mut kit.listeners);
    if listeners.is_empty() {
        return Err("the container has no containerPort to listen on".to_owned());
    }
    let listens = kit.env.get("LISTEN_ADDRESS").and_then(|address| address.rsplit_once(':'));
    let asked = listens.and_then(|(_, port)| port.parse::<u16>().ok());
    match asked {
        // As the original: it listens there and nowhere else, whatever the manifest declares.
        Some(port) if listeners.contains_key(&port) => listeners.retain(|known, _| *known == port),
        Some(port) => {
            let known: Vec<_> = listeners.keys().copied().collect();
            kit.lines.say(|| {
                format!("LISTEN_ADDRESS names {port}, which is no containerPort; {known:?} are")
            });
        }
        None => {}
    }
    let accept = listeners.into_values().map(|listener| accept(listener, &kit, &router));
    tokio::select! {
        _ = futures::future::join_all(accept) => {}
        () = kit.stop.cancelled() => {}
    }
    // Dropping the kit ends all connections at once, as a program without a signal handler does.
    Ok(())
}

async fn accept(listener: TcpListener, kit: &Kit, router: &Router) {
    let tasks = kit.tasks();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A connection beyond the bound is closed.
                let _ = tasks.spawn(connection(stream, router.clone()));
            }
            Err(error) => {
                kit.lines.say(|| format!("cannot accept a connection: {error}"));
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    // Answers are written whole, so waiting for more to send only costs time.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    // How a connection ends is its client's affair.
    drop(served);
}

/// A JSON answer.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// `{"error": …}`.
pub(super) fn failure(status: StatusCode, error: &str) -> Response {
    answer(status, &json!({ "error": error }))
}

/// Answers a request by work that goes on to its end even if nobody waits for it any more, or at
/// once when the stand-in has too much to do or is ending.
pub(super) async fn answered_by(
    tasks: &Tasks,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    tasks
        .run(work)
        .await
        .unwrap_or_else(|| failure(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once"))
}
