//! Rules one by one: where they send to, and what they may not have beside each other.

use super::destinations::Known;
use super::finding::{Finding, Findings};
use crate::destination::RouteDestination;
use crate::http_route::HttpRoute;
use crate::object::Object;

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

/// The rules of an object that have a fault beside what it switches off: in one that somebody else
/// wrote, a fault that is laid over it meets what was there.
#[must_use]
pub fn faults_beside(object: &Object) -> Vec<Finding> {
    let mut found = Findings::of(object);
    if let Object::VirtualService(service) = object {
        for (index, route) in service.spec.http.iter().enumerate() {
            fault_alone(route, &format!("spec.http[{index}]"), &mut found);
        }
    }
    found.into_vec()
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
