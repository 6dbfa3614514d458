//! When a pod that fails is left out (`validateOutlierDetection`).

use super::names::duration_if_set;
use super::node::Node;
use crate::review::Review;

pub(super) fn outlier_detection(outlier: &Node<'_>, review: &mut Review) {
    duration_if_set(outlier, "baseEjectionTime", review);
    if outlier.int("consecutiveErrors") != 0 {
        review.warn(
            outlier.at("consecutiveErrors"),
            "is deprecated and has no effect since Istio 1.7, use consecutiveGatewayErrors or \
             consecutive5xxErrors: until then Envoy's own 5 in a row hold",
        );
    }
    let failures = outlier.at("consecutiveLocalOriginFailures");
    if !outlier.flag("splitExternalLocalOriginErrors") && failures.as_int() > 0 {
        review.error(
            failures,
            "outlier detection consecutive local origin failures is specified, but split external \
             local origin errors is set to false",
        );
    }
    duration_if_set(outlier, "interval", review);
    for name in ["maxEjectionPercent", "minHealthPercent"] {
        let percent = outlier.int(name);
        if !(0..=100).contains(&percent) {
            let message = format_args!("percentage {percent} is not in range 0..100");
            review.error(outlier.at(name), message);
        }
    }
}
