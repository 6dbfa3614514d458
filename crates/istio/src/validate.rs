//! What istiod's validating webhook says of one object (`pkg/config/validation`), rule by rule, and
//! what we doubt besides. It is held to `istioctl validate` (`istiod`).

mod actions;
mod connection_pool;
mod cors;
mod destination_rule;
mod destinations;
mod expression;
mod faults;
mod header_value;
mod headers;
mod http_route;
mod layer4;
mod load_balancer;
mod localities;
mod matches;
mod metadata;
mod names;
mod node;
mod outlier_detection;
mod retries;
mod tls;
mod traffic_policy;
mod unused;
mod virtual_service;

use serde_json::Value;

use self::metadata::metadata;
use self::node::Node;
use crate::review::Review;

/// Reviews an object of this kind, whose fields all fit the schema.
pub(crate) fn validate(kind: &str, object: &Value) -> Review {
    let mut review = Review::default();
    let root = Node::root(object, "");
    if !metadata(&root, &mut review) {
        return review;
    }
    let (spec, namespace) = (root.at("spec"), root.at("metadata").text("namespace"));
    match kind {
        "VirtualService" => virtual_service::virtual_service(&spec, namespace, &mut review),
        "DestinationRule" => destination_rule::destination_rule(&spec, namespace, &mut review),
        _ => {}
    }
    review
}
