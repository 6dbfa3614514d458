//! The order in which istiod looks at an object: its annotations, then what it says.

use serde_json::Value;

use super::destination_rule::destination_rule;
use super::metadata::metadata;
use super::node::Node;
use super::virtual_service::virtual_service;
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
        "VirtualService" => virtual_service(&spec, namespace, &mut review),
        "DestinationRule" => destination_rule(&spec, namespace, &mut review),
        _ => {}
    }
    review
}
