//! Rules that can never be used, as far as one object shows it.

use crate::field::Field;
use crate::http_match::HttpMatch;
use crate::review::Review;
use crate::virtual_service::VirtualServiceSpec;

/// Rules that can never be used: behind a rule for everything, or with the same conditions as an
/// earlier one.
pub(super) fn unused(spec: &VirtualServiceSpec, review: &mut Review) {
    let mut seen: Vec<&HttpMatch> = Vec::new();
    let mut everything = None;
    for (index, route) in spec.http.iter().enumerate() {
        let field = format!("spec.http[{index}]");
        if let Some(earlier) = everything {
            review.warn(
                &field,
                format_args!(
                    "rule not used (only the last rule can have no matches; {earlier} has none)"
                ),
            );
            continue;
        }
        if route.matches.is_empty() {
            everything = Some(index);
        }
        for (number, block) in route.matches.iter().enumerate() {
            let anonymous =
                |block: &HttpMatch| HttpMatch { name: Field::default(), ..block.clone() };
            if seen.iter().any(|earlier| anonymous(earlier) == anonymous(block)) {
                review.warn(
                    format!("{field}.match[{number}]"),
                    "is not used (duplicate match in an earlier rule)",
                );
            }
            seen.push(block);
        }
    }
    let bare = spec.tcp.iter().position(|route| route.matches.is_empty());
    for index in bare.map_or(0..0, |first| first + 1..spec.tcp.len()) {
        review.warn(
            format!("spec.tcp[{index}]"),
            "rule not used (only the last rule can have no matches)",
        );
    }
}
