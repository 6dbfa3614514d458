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
    let most = outlier.at("maxEjectionPercent");
    if most.as_int() == 0 {
        let message = "is absent, which means Envoy's 10%: of fewer than ten pods none is left out";
        review.warn(&most, message);
    } else if (1..100).contains(&most.as_int()) {
        // Rounded up: of so many pods one is within the share.
        let fewest = (100 + most.as_int() - 1) / most.as_int();
        let message = format_args!("of fewer than {fewest} pods none is left out, and never all");
        review.warn(&most, message);
    }
    for name in ["maxEjectionPercent", "minHealthPercent"] {
        let percent = outlier.int(name);
        if !(0..=100).contains(&percent) {
            let message = format_args!("percentage {percent} is not in range 0..100");
            review.error(outlier.at(name), message);
        }
    }
}
