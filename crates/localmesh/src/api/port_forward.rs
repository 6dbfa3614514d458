//! The `portforward` sub-resource of pods: the connection changes its protocol and from then on
//! carries bytes to ports inside the pod. Until then every answer is an object, as everywhere.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, Request};

use super::answer::{not_allowed, unavailable};
use super::forwarded_ports::ports;
use super::handshake::{asks_for, offered, switching, websocket_answer, words};
use super::request::{App, Asked};
use super::upgrade::switch;
use crate::port_forward::{Lifetime, serve_channels, serve_spdy, serve_tunnel};
use crate::store::Refusal;

/// Kubernetes' binary channels.
const CHANNELS: &str = "v4.channel.k8s.io";

/// What SPDY's streams carry.
const STREAMS: &str = "portforward.k8s.io";

/// What begins the name of a protocol that is SPDY inside a WebSocket.
const TUNNELS: &str = "SPDY/3.1+";

/// The same streams in such a tunnel.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";

/// In which header SPDY's client says what its streams carry.
const STREAMS_OFFERED: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// Answers a request for ports of a pod.
pub(super) fn answer(
    app: &App,
    asked: &Asked,
    mut request: Request<Body>,
) -> Result<Response, Refusal> {
    if request.method() != Method::GET && request.method() != Method::POST {
        return Err(not_allowed());
    }
    let life = lifetime(app, asked)?;
    let headers = request.headers();
    if asks_for(headers, "SPDY/3.1") {
        let answer = spdy_answer(&request)?;
        switch(&mut request, move |io| serve_spdy(io, life))?;
        return Ok(answer);
    }
    if request.method() != Method::GET || !asks_for(headers, "websocket") {
        return Err(Refusal::bad_request("Upgrade request required"));
    }
    let offered = offered(headers);
    if offered.iter().any(|protocol| protocol.starts_with(TUNNELS)) {
        if !offered.contains(&TUNNEL) {
            return Err(unsupported(&offered, TUNNEL));
        }
        let answer = websocket_answer(headers, Some(TUNNEL))?;
        switch(&mut request, move |io| serve_tunnel(io, life))?;
        return Ok(answer);
    }
    // Who names no protocol gets the channels.
    let protocol = (!offered.is_empty()).then_some(CHANNELS);
    if protocol.is_some() && !offered.contains(&CHANNELS) {
        return Err(unsupported(&offered, CHANNELS));
    }
    let ports = ports(&asked.options)?;
    let answer = websocket_answer(headers, protocol)?;
    switch(&mut request, move |io| serve_channels(io, life, ports))?;
    Ok(answer)
}

/// The pod as it runs.
fn lifetime(app: &App, asked: &Asked) -> Result<Lifetime, Refusal> {
    let stored = app.stored(&asked.target)?;
    let name = asked.target.name.as_deref().unwrap_or_default();
    if stored["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
        let message = format!("pod {name} does not have a host assigned");
        return Err(Refusal::bad_request(message));
    }
    let pod = app
        .network
        .pod(asked.target.namespace(), name)
        .ok_or_else(|| unavailable(format!("pod \"{name}\" is not running")))?;
    Ok(Lifetime { pod, network: app.network.clone(), registry: app.registry.clone() })
}

/// The answer that makes SPDY of the connection.
fn spdy_answer(request: &Request<Body>) -> Result<Response, Refusal> {
    let offered: Vec<&str> = words(request.headers(), &STREAMS_OFFERED).collect();
    if !offered.contains(&STREAMS) {
        return Err(unsupported(&offered, STREAMS));
    }
    let mut answer = switching("SPDY/3.1");
    answer.headers_mut().insert(STREAMS_OFFERED, HeaderValue::from_static(STREAMS));
    Ok(answer)
}

fn unsupported(offered: &[&str], served: &str) -> Refusal {
    Refusal::bad_request(format!(
        "unable to upgrade: client supports {offered:?}, server accepts [{served:?}]"
    ))
}
