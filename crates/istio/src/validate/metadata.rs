//! Annotations that istiod refuses on what people write (`validateMetadata`).

use super::node::Node;
use crate::review::Review;

const REFUSED: &[&str] = &[
    "istio.io/dry-run",
    "internal.istio.io/webhook-always-reject",
    "internal.istio.io/parent-namespace",
    "internal.istio.io/parents",
];

/// Whether there is nothing to refuse.
pub(super) fn metadata(object: &Node<'_>, review: &mut Review) -> bool {
    let annotations = object.at("metadata").entries("annotations");
    let found = annotations.into_iter().find(|(name, _)| REFUSED.contains(name));
    if let Some((name, field)) = &found {
        review.error(field, format_args!("the annotation {name} may not be set here"));
    }
    found.is_none()
}
