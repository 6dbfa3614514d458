//! Where a rule sends requests or connections, and which share of them.

use super::names::{host_name, port_number, subset_name};
use crate::destination::{Destination, RouteDestination};
use crate::review::Review;

/// Weights need not sum to 100, but to something.
pub(super) fn weights(route: &[RouteDestination], path: &str, review: &mut Review) {
    let mut total: i64 = 0;
    for (index, share) in route.iter().enumerate() {
        let field = format!("{path}.route[{index}]");
        destination(&share.destination, &format!("{field}.destination"), review);
        let weight = share.weight.unwrap_or(0);
        if weight < 0 {
            review.error(format!("{field}.weight"), format_args!("weight {weight} < 0"));
        }
        total += i64::from(weight.max(0));
    }
    if route.len() > 1 && total == 0 {
        review.error(format!("{path}.route"), "total destination weight = 0");
    }
    // Envoy refuses a sum above 2^32-1; weights are at most 2^31-1 each, so three can exceed it.
    if total > i64::from(u32::MAX) {
        review.error(
            format!("{path}.route"),
            format_args!("total destination weight {total} is too large"),
        );
    }
}

pub(super) fn destination(destination: &Destination, path: &str, review: &mut Review) {
    let host = &destination.host;
    if host == "*" {
        review.error(format!("{path}.host"), "invalid destination host *");
    } else if !host_name(host, true) {
        review.error(format!("{path}.host"), format_args!("domain name {host:?} invalid"));
    }
    if !destination.subset.is_empty() {
        subset_name(&destination.subset, &format!("{path}.subset"), review);
    }
    if let Some(port) = &destination.port {
        port_number(*port.number, &format!("{path}.port.number"), review);
    }
}
