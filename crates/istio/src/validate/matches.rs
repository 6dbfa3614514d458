//! The conditions of a rule.

use super::names::port_number;
use crate::http_match::{HttpMatch, StringMatch};
use crate::review::Review;

pub(super) fn http_match(block: &HttpMatch, path: &str, review: &mut Review) {
    let one = |name: &str, text: &Option<StringMatch>, review: &mut Review| {
        if let Some(text) = text {
            let field = format!("{path}.{name}");
            if name == "uri" && text.is_presence() {
                review.error(&field, "uri match must say exact, prefix or regex");
            }
            string_match(text, &field, review);
        }
    };
    one("uri", &block.uri, review);
    one("scheme", &block.scheme, review);
    one("method", &block.method, review);
    one("authority", &block.authority, review);
    let maps = [("headers", &block.headers), ("withoutHeaders", &block.without_headers)];
    for (name, map) in maps {
        for (header, text) in map {
            let field = format!("{path}.{name}.{header}");
            if !header_name(header) {
                review.error(
                    &field,
                    format_args!("header name {header:?} is not a valid header name"),
                );
            }
            string_match(text, &field, review);
        }
    }
    for (name, text) in &block.query_params {
        string_match(text, &format!("{path}.queryParams.{name}"), review);
    }
    if let Some(port) = block.port {
        port_number(port, &format!("{path}.port"), review);
    }
}

/// RFC 9110's token, or one of HTTP/2's pseudo headers.
fn header_name(name: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let plain = name.strip_prefix(':').unwrap_or(name);
    !plain.is_empty() && plain.chars().all(token)
}

fn string_match(text: &StringMatch, path: &str, review: &mut Review) {
    if text.is_presence() {
        return;
    }
    if let Some(regex) = &text.regex {
        expression(regex, &format!("{path}.regex"), review);
    }
    if text.exact.as_deref() == Some("") || text.prefix.as_deref() == Some("") {
        // Envoy refuses an empty prefix; pilot reads an empty text as "not set".
        review.error(path, "an empty string cannot be matched; use {} for presence");
    }
}

/// RE2 and the regex crate agree on what is allowed but for look-around (in neither) and
/// back-references (in neither), so the crate is the judge.
pub(super) fn expression(pattern: &str, path: &str, review: &mut Review) {
    if let Err(error) = regex::Regex::new(pattern) {
        let last = error.to_string().lines().last().unwrap_or_default().to_owned();
        review.error(path, format_args!("invalid regular expression {pattern:?}: {last}"));
    } else if pattern.is_empty() {
        review.error(path, "an empty regular expression cannot be matched");
    }
}
