//! The conditions of a rule for HTTP (`validateHTTPRouteMatchRequest`).

use super::expression::expression;
use super::names::{gateway_names, label, pod_labels, port_if_set};
use super::node::Node;
use crate::review::Review;

const PSEUDO_HEADERS: &[&str] = &[":method", ":scheme", ":authority", ":path", ":status"];

pub(super) fn matches(route: &Node<'_>, review: &mut Review) {
    for block in route.items("match") {
        for (name, text) in block.entries("headers") {
            header_name(name, &text, review);
            string_match(&text, review);
        }
        for (name, text) in block.entries("withoutHeaders") {
            header_name(name, &text, review);
            // Pilot reads `*` as "is there at all".
            if text.text("regex") != "*" {
                string_match(&text, review);
            }
        }
        // A path may have an empty beginning; the others may not.
        regex(&block.at("uri"), review);
        if block
            .get("uri")
            .is_some_and(|uri| !["exact", "prefix", "regex"].iter().any(|m| uri.has(m)))
        {
            review.warn(block.at("uri"), "says nothing: every path meets it");
        }
        for name in ["scheme", "method", "authority"] {
            string_match(&block.at(name), review);
        }
        for (_, text) in block.entries("queryParams") {
            string_match(&text, review);
        }
        port_if_set(&block, review);
        pod_labels(&block, "sourceLabels", review);
        gateway_names(&block, review);
        let namespace = block.text("sourceNamespace");
        if !(namespace.is_empty() || label(namespace)) {
            review.error(block.at("sourceNamespace"), format_args!("{namespace:?} is invalid"));
        }
    }
}

/// A condition on what a token claims; only gateways know.
pub(super) fn is_claim(header: &str) -> bool {
    const PREFIX: &str = "@request.auth.claims";
    let Some((start, rest)) = header.split_at_checked(PREFIX.len()) else { return false };
    let dotted = rest.starts_with('.') && rest.len() > 1;
    let bracketed = rest.starts_with('[') && rest.ends_with(']') && rest.len() > 2;
    start.eq_ignore_ascii_case(PREFIX) && (dotted || bracketed)
}

fn header_name(name: &str, place: &Node<'_>, review: &mut Review) {
    if name.is_empty() {
        review.error(place, "header name cannot be empty");
    } else if !(is_claim(name) || PSEUDO_HEADERS.contains(&name) || is_token(name)) {
        review.error(place, format_args!("header name {name} is not a valid header name"));
    }
}

/// RFC 9110's token, and the comma: in Istio's expression `+-.` is a range.
pub(super) fn is_token(name: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+,-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(token)
}

fn string_match(text: &Node<'_>, review: &mut Review) {
    if text.get("prefix").is_some_and(|prefix| prefix.as_text().is_empty()) {
        review.error(text.at("prefix"), "prefix string match should not be empty");
    }
    regex(text, review);
}

/// The expression of a condition, if it is one.
pub(super) fn regex(text: &Node<'_>, review: &mut Review) {
    match text.get("regex") {
        Some(regex) if regex.as_text().is_empty() => {
            review.error(regex, "regex string match should not be empty");
        }
        Some(regex) => expression(&regex, review),
        None => {}
    }
}
