//! Answers to other origins (`validateCORSPolicy`).

use super::matches::{is_token, regex};
use super::names::duration_if_set;
use super::node::Node;
use crate::duration;
use crate::review::Review;

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];

pub(super) fn cors(policy: &Node<'_>, review: &mut Review) {
    for origin in policy.items("allowOrigins") {
        if ["exact", "prefix", "regex"].iter().all(|name| origin.text(name).is_empty()) {
            review.error(&origin, "is not a valid match type for CORS allow origins");
        } else {
            regex(&origin, review);
        }
    }
    for method in policy.items("allowMethods") {
        if !METHODS.contains(&method.as_text()) {
            let message = format_args!("{:?} is not a supported HTTP method", method.as_text());
            review.error(&method, message);
        }
    }
    for list in ["allowHeaders", "exposeHeaders"] {
        for name in policy.items(list).iter().filter(|name| !is_token(name.as_text())) {
            let message = format_args!("{:?} is not a valid header name", name.as_text());
            review.error(name, message);
        }
    }
    duration_if_set(policy, "maxAge", review);
    let age = duration::signed(policy.text("maxAge")).unwrap_or_default();
    if age % 1_000_000_000 > 0 {
        review.error(policy.at("maxAge"), "is accurate only to seconds");
    }
}
