//! Where a rule sends requests or connections, and which share of them.

use super::headers::headers;
use super::names::{port_number, subset_name, wildcard_domain};
use super::node::Node;
use crate::review::Review;

pub(super) fn http_destinations(route: &Node<'_>, review: &mut Review) {
    for share in route.items("route") {
        headers(&share.at("headers"), review);
    }
    destinations(route, review);
}

/// Weights need not sum to 100, but to something.
pub(super) fn destinations(route: &Node<'_>, review: &mut Review) {
    let shares = route.items("route");
    // Istio's sum is an int32 and may wrap, even to nought.
    let (mut wrapping, mut total) = (0_i32, 0_i64);
    for share in &shares {
        destination(&share.at("destination"), review);
        let weight = share.int("weight");
        if weight < 0 {
            review.error(share.at("weight"), format_args!("weight {weight} < 0"));
        }
        wrapping = wrapping.wrapping_add(i32::try_from(weight).unwrap_or_default());
        total += weight.max(0);
    }
    if shares.len() > 1 && wrapping == 0 {
        review.error(route.at("route"), "total destination weight = 0");
    }
    if shares.len() > 1 && total > i64::from(u32::MAX) {
        let message = format_args!("Envoy refuses weights whose sum is {total}, above 2^32-1");
        review.warn(route.at("route"), message);
    } else if shares.len() > 1 && total > 0 && total != 100 {
        let message = format_args!("weights sum to {total}, not 100: they are shares of {total}");
        review.warn(route.at("route"), message);
    }
}

pub(super) fn destination(destination: &Node<'_>, review: &mut Review) {
    let host = destination.text("host");
    if host == "*" {
        review.error(destination.at("host"), "invalid destination host *");
    } else if let Err(cause) = wildcard_domain(host) {
        review.error(destination.at("host"), cause);
    }
    if !destination.text("subset").is_empty() {
        subset_name(&destination.at("subset"), review);
    }
    if let Some(port) = destination.get("port") {
        port_number(&port.at("number"), review);
    }
}
