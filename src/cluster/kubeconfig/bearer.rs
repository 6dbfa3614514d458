//! A token as requests carry it. Pure.

use http::HeaderValue;

/// The header that a token signs in with; none if it cannot be one.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
