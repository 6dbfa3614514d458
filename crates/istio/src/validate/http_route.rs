//! One rule for HTTP (`validateHTTPRoute` in `pkg/config/validation/virtualservice.go`).

use super::actions::actions;
use super::cors::cors;
use super::destinations::{destination, http_destinations};
use super::faults::{http_fault, share};
use super::headers::{authority_once, headers};
use super::matches::matches;
use super::names::duration_if_set;
use super::node::Node;
use super::retries::retries;
use crate::review::Review;

/// Reviews a rule of an object, which may be a delegate.
pub(super) fn http_route(route: &Node<'_>, is_delegate: bool, review: &mut Review) {
    if !is_delegate && route.has("delegate") {
        root(route, review);
    } else {
        conflicts(route, is_delegate, review);
    }
    matches(route, review);
    headers(&route.at("headers"), review);
    if let Some(policy) = route.get("corsPolicy") {
        cors(&policy, review);
    }
    if let Some(fault) = route.get("fault") {
        http_fault(&fault, review);
    }
    mirrors(route, review);
    actions(route, review);
    if let Some(policy) = route.get("retries") {
        retries(&policy, review);
    }
    authority_once(route, review);
    http_destinations(route, review);
    duration_if_set(route, "timeout", review);
}

/// A rule that leaves the rest to another object.
fn root(route: &Node<'_>, review: &mut Review) {
    if let Some(redirect) = route.get("redirect") {
        review.error(redirect, "root HTTP route must not specify redirect");
    }
    if route.any("route") {
        review.error(route.at("route"), "root HTTP route must not specify route");
    }
}

/// A rule does one thing: it forwards, redirects or answers.
fn conflicts(route: &Node<'_>, is_delegate: bool, review: &mut Review) {
    if is_delegate && route.has("delegate") {
        review.error(route.at("delegate"), "delegate HTTP route cannot contain delegate");
    }
    let beside = |action: &str, others: &[&str], review: &mut Review| {
        for other in others.iter().filter(|other| route.has(other)) {
            if *other != "route" || route.any("route") {
                let message = format_args!("HTTP route cannot contain both {other} and {action}");
                review.error(route, message);
            }
        }
    };
    if route.has("redirect") {
        beside("redirect", &["route", "fault", "rewrite", "directResponse"], review);
    } else if route.has("directResponse") {
        beside("directResponse", &["route", "fault", "rewrite"], review);
    } else if !route.any("route") {
        review.error(route, "HTTP route, redirect or direct_response is required");
    }
    if route.has("mirror") && route.any("mirrors") {
        review.error(route, "HTTP route cannot contain both mirror and mirrors");
    }
}

fn mirrors(route: &Node<'_>, review: &mut Review) {
    if let Some(mirror) = route.get("mirror") {
        destination(&mirror, review);
    }
    for mirror in route.items("mirrors") {
        destination(&mirror.at("destination"), review);
        share(&mirror, "percentage", review);
    }
    share(route, "mirrorPercentage", review);
    // Of one field's two names protobuf takes that in JSON's spelling.
    let spelled = ["mirrorPercent", "mirror_percent"].into_iter().find(|name| route.has(name));
    if let Some(field) = spelled.map(|name| route.at(name)) {
        if field.as_int() > 100 {
            review.error(&field, format_args!("{} is more than 100", field.as_int()));
        }
        review.warn(&field, "is deprecated, use mirrorPercentage");
    }
}
