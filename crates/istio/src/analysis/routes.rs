//! Rules one by one: where they send to, and what they may not have beside each other.

use super::finding::Findings;
use super::hosts::Known;
use crate::destination::RouteDestination;
use crate::http_route::HttpRoute;

/// Every destination exists.
pub(super) fn destinations(
    route: &[RouteDestination],
    namespace: &str,
    path: &str,
    known: &Known<'_>,
    found: &mut Findings,
) {
    for (index, share) in route.iter().enumerate() {
        let field = format!("{path}.route[{index}].destination");
        known.destination(&share.destination, namespace, &field, found);
    }
}

/// Istio promises neither timeouts nor retries beside a fault on one rule.
pub(super) fn fault_alone(route: &HttpRoute, path: &str, found: &mut Findings) {
    if route.fault.is_none() {
        return;
    }
    let beside = [("timeout", route.timeout.is_some()), ("retries", route.retries.is_some())];
    for (field, _) in beside.into_iter().filter(|(_, is_set)| *is_set) {
        let message = format!(
            "{field} and fault on one rule: the delay does not count against the timeout and an \
             abort is never retried; put them on different hops"
        );
        found.error(format!("{path}.{field}"), message);
    }
}
