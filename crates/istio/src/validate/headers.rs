//! Changes of headers, on a rule or on one of its destinations.

use super::header_value::header_value;
use super::node::Node;
use crate::review::Review;

/// Reviews what is set, added and removed on the way to a service and back.
pub(super) fn headers(headers: &Node<'_>, review: &mut Review) {
    let (request, response) = (headers.at("request"), headers.at("response"));
    for changes in ["add", "set"] {
        for (name, value) in request.entries(changes) {
            if name.is_empty() {
                review.error(&value, "header name cannot be empty");
            } else if name.starts_with(':') && !is_authority(name) {
                review.error(&value, "header cannot have \":\" prefix");
            }
            text(&value, review);
        }
        for (name, value) in response.entries(changes) {
            operation(name, &value, review);
            text(&value, review);
        }
    }
    for name in request.items("remove").iter().chain(&response.items("remove")) {
        operation(name.as_text(), name, review);
    }
}

fn operation(name: &str, place: &Node<'_>, review: &mut Review) {
    if name.is_empty() {
        review.error(place, "header name cannot be empty");
    } else if name.eq_ignore_ascii_case("host") {
        review.error(place, "cannot set Host header");
    } else if name.starts_with(':') {
        review.error(place, "header cannot have \":\" prefix");
    }
}

fn text(value: &Node<'_>, review: &mut Review) {
    let control = |c: char| (c.is_ascii_control()) && c != '\t';
    if value.as_text().contains(control) {
        review.error(value, "header value configuration is invalid: it has control characters");
    } else if let Err(cause) = header_value(value.as_text()) {
        review.error(value, format_args!("header value configuration: {cause}"));
    }
}

/// The host is changed in one place at most.
pub(super) fn authority_once(route: &Node<'_>, review: &mut Review) {
    let mut set = route.at("rewrite").text("authority");
    let request = route.at("headers").at("request");
    let changes = request.entries("set").into_iter().chain(request.entries("add"));
    for (_, value) in changes.filter(|(name, _)| is_authority(name)) {
        if !set.is_empty() {
            let message =
                format_args!("authority header cannot be set multiple times: have {set:?}");
            return review.error(&value, message);
        }
        set = value.as_text();
    }
}

fn is_authority(name: &str) -> bool {
    name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host")
}
