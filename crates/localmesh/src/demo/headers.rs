//! The demo's headers, and what else of text goes into a request. Pure.

use http::{HeaderMap, HeaderName};

/// What is handed on from a request to the calls made for it: the demo's own four headers and the
/// trace context in both of its forms.
const FORWARDED: [&str; 13] = [
    "portal",
    "device",
    "user",
    "travel",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "traceparent",
    "tracestate",
    "baggage",
];

/// The headers of a request that are handed on.
pub(super) fn forwarded(from: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in FORWARDED {
        if let Some(value) = from.get(name).filter(|value| !value.is_empty()) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    headers
}

/// A header's value as text, empty if it is absent.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A path segment, percent-encoded where it has to be.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_headers_and_the_trace_are_handed_on_and_nothing_else() {
        let mut headers = HeaderMap::new();
        for name in ["portal", "travel", "traceparent", "x-request-id", "discountfrom", "cookie"] {
            headers.insert(HeaderName::from_static(name), "x".parse().unwrap());
        }
        headers.insert("user", "".parse().unwrap());
        let handed = forwarded(&headers);
        let mut names: Vec<_> = handed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["portal", "traceparent", "travel"]);
    }

    #[test]
    fn a_segment_is_encoded() {
        assert_eq!(segment("San Marino"), "San%20Marino");
        assert_eq!(segment("a/b?c#ü"), "a%2Fb%3Fc%23%C3%BC");
        assert_eq!(segment("Rome"), "Rome");
    }
}
