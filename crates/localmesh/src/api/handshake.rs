//! The handshake of a WebSocket (RFC 6455 §4.2): what a client asks for, and the answer to it.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::store::Refusal;

/// Whether the connection is to become this protocol, in whatever case it is written.
pub(super) fn asks_for(headers: &HeaderMap, protocol: &str) -> bool {
    let has = |name: &HeaderName, word: &str| words(headers, name).any(|it| is(it, word));
    has(&header::CONNECTION, "upgrade") && has(&header::UPGRADE, protocol)
}

/// The sub-protocols that a WebSocket's client would take, the best first.
pub(super) fn offered(headers: &HeaderMap) -> Vec<&str> {
    words(headers, &header::SEC_WEBSOCKET_PROTOCOL).collect()
}

/// The answer that makes a WebSocket of the connection, in this sub-protocol.
pub(super) fn websocket_answer(
    headers: &HeaderMap,
    protocol: Option<&'static str>,
) -> Result<Response, Refusal> {
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::bad_request("the WebSocket's version must be 13"));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or_else(|| Refusal::bad_request("the WebSocket's key is missing"))?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| Refusal::bad_request("the WebSocket's key cannot be answered"))?;
    let mut answer = switching("websocket");
    answer.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        let protocol = HeaderValue::from_static(protocol);
        answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(answer)
}

/// `101 Switching Protocols`
pub(super) fn switching(protocol: &'static str) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(protocol));
    answer
}

/// The words of a header, over all its lines.
pub(super) fn words<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let value = |text| HeaderValue::from_static(text);
        pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect()
    }

    #[test]
    fn an_upgrade_is_asked_for_by_two_headers() {
        let asks = |connection, upgrade| {
            let both = [(header::CONNECTION, connection), (header::UPGRADE, upgrade)];
            asks_for(&headers(&both), "websocket")
        };
        assert!(asks("Upgrade", "websocket") && asks("keep-alive, upgrade", "WebSocket"));
        assert!(!asks("keep-alive", "websocket") && !asks("Upgrade", "h2c"));
        assert!(!asks_for(&HeaderMap::new(), "websocket"));
    }

    #[test]
    fn the_answer_proves_that_the_key_was_read() {
        // The example of RFC 6455 §1.3.
        let asked = headers(&[
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
            (header::SEC_WEBSOCKET_PROTOCOL, "v5.channel.k8s.io, v4.channel.k8s.io"),
        ]);
        assert_eq!(offered(&asked), ["v5.channel.k8s.io", "v4.channel.k8s.io"]);
        let answer = websocket_answer(&asked, Some("v4.channel.k8s.io")).unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(answer.headers()[header::SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for missing in [header::SEC_WEBSOCKET_VERSION, header::SEC_WEBSOCKET_KEY] {
            let mut asked = asked.clone();
            asked.remove(&missing);
            assert_eq!(websocket_answer(&asked, None).unwrap_err().code, 400, "{missing}");
        }
    }
}
