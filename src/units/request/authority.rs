//! The authority that a request is sent to, as a `Host` header says it. Pure.

use http::HeaderValue;
use http::uri::Authority;

use super::printable::masked;
use crate::units::error::UnitError;

/// A host with or without a port (RFC 9110, section 7.2): never a user, never a URL.
pub(super) fn authority(text: &str) -> Result<HeaderValue, UnitError> {
    let refused = |why: &str| {
        let shown = masked(text);
        UnitError(format!("`{shown}` is not what a Host header may be: {why}"))
    };
    if text.contains("://") || text.contains('/') {
        return Err(refused("it is a host such as shop.example.com, without scheme and path"));
    }
    if text.contains('@') {
        return Err(refused("it names no user"));
    }
    let parsed: Authority =
        text.parse().map_err(|_| refused("it is a host such as shop.example.com:8080"))?;
    let port = parsed.as_str().strip_prefix(parsed.host()).and_then(|rest| rest.strip_prefix(':'));
    if parsed.host().is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(refused("it is a host such as shop.example.com:8080"));
    }
    HeaderValue::from_str(text).map_err(|_| refused("it is ASCII"))
}
