//! Retries of a rule (`validateHTTPRetry`).

use super::names::duration_if_set;
use super::node::Node;
use crate::review::Review;

/// Envoy's words, those of `x-envoy-retry-grpc-on` last.
const POLICIES: &[&str] = &[
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

pub(super) fn retries(retries: &Node<'_>, review: &mut Review) {
    let attempts = retries.int("attempts");
    if attempts < 0 {
        review.error(retries.at("attempts"), "attempts cannot be negative");
    }
    let beside = retries.has("perTryTimeout")
        || !retries.text("retryOn").is_empty()
        || retries.has("retryRemoteLocalities");
    if attempts == 0 && beside {
        let message = "http retry policy configured when attempts are set to 0 (disabled)";
        review.error(retries.at("attempts"), message);
    }
    duration_if_set(retries, "perTryTimeout", review);
    let words = retries.at("retryOn");
    if !words.as_text().is_empty() {
        for word in words.as_text().split(',').filter(|word| !is_policy(word)) {
            review.error(&words, format_args!("{word:?} is not a valid retryOn policy"));
        }
    }
    duration_if_set(retries, "backoff", review);
}

/// Blanks count; a number must be a status that Go's `net/http` has a text for.
fn is_policy(word: &str) -> bool {
    POLICIES.contains(&word) || word.parse::<i64>().is_ok_and(has_text)
}

fn has_text(status: i64) -> bool {
    matches!(
        status,
        100..=103
            | 200..=208
            | 226
            | 300..=305
            | 307
            | 308
            | 400..=418
            | 421..=426
            | 428
            | 429
            | 431
            | 451
            | 500..=508
            | 510
            | 511
    )
}
