//! A request sent on to an address, and its answer as it comes.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answer::unreachable;
use super::body::BODY_MAX;
use crate::store::Refusal;

/// A connection on loopback is made at once or never.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long a pod may take to begin its answer: more than the longest delay that is injected and
/// timed out on the way (a test of a mesh stays in seconds).
const HEAD_MAX: Duration = Duration::from_mins(2);

/// How long a whole exchange may take; an agent streams its progress for as long as load runs.
const EXCHANGE_MAX: Duration = Duration::from_hours(4);

/// The largest answer: a day's telemetry of the largest pod is far below.
const ANSWER_MAX: usize = 256 << 20;

/// Headers that belong to one connection (RFC 9110 §7.6.1), and the caller's own credentials.
const NOT_FORWARDED: &[header::HeaderName] = &[
    header::AUTHORIZATION,
    header::CONNECTION,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Sends a request on, with this path, and hands its answer back as it comes.
pub(super) async fn forward(
    address: SocketAddr,
    path: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{path}{query}")
        .parse()
        .map_err(|e| Refusal::bad_request(format!("the path cannot be forwarded: {e}")))?;
    let mut onward = Request::new(Limited::new(body, BODY_MAX));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = uri;
    *onward.headers_mut() = parts.headers;
    remove_hop_by_hop(onward.headers_mut());
    let host = HeaderValue::from_str(&address.to_string())
        .map_err(|e| Refusal::bad_request(format!("the address is no host: {e}")))?;
    onward.headers_mut().insert(header::HOST, host);

    let failed = |e: &dyn fmt::Display| unreachable(&format!("dial tcp {address}: {e}"));
    let stream = timeout(CONNECT_MAX, TcpStream::connect(address))
        .await
        .map_err(|e| failed(&e))?
        .map_err(|e| failed(&e))?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Its errors reach the caller through the body; at the time limit it is cut off.
        let _ = timeout(EXCHANGE_MAX, connection).await;
    });
    let Ok(response) = timeout(HEAD_MAX, sender.send_request(onward)).await else {
        let message = format!("{address} did not answer within {} s", HEAD_MAX.as_secs());
        return Err(Refusal::new(504, "Timeout", message));
    };
    let (mut parts, body) = response.map_err(|e| failed(&e))?.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    let chunks = Limited::new(body, ANSWER_MAX).into_data_stream().map(move |chunk| {
        // The connection lives as long as its answer is read, and dies with it.
        let _ = (&driver, &sender);
        chunk
    });
    Ok(Response::from_parts(parts, Body::from_stream(chunks)))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in NOT_FORWARDED {
        headers.remove(name);
    }
}
