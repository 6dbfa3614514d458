//! Rules that can never be used, because an earlier one meets the same requests.

use std::collections::BTreeMap;

use super::finding::Findings;
use crate::http_match::{HttpMatch, StringMatch};
use crate::http_route::HttpRoute;

/// Finds rules whose every condition an earlier rule meets already.
pub(super) fn shadowed(rules: &[HttpRoute], found: &mut Findings) {
    let everything = [HttpMatch::default()];
    let blocks = rules.iter().map(|rule| match rule.matches.as_slice() {
        [] => everything.as_slice(),
        matches => matches,
    });
    let blocks: Vec<&[HttpMatch]> = blocks.collect();
    for (index, own) in blocks.iter().enumerate() {
        let earlier = |number: &usize| {
            own.iter().all(|block| blocks[*number].iter().any(|wide| covers(wide, block)))
        };
        if let Some(number) = (0..index).find(earlier) {
            let message = format!("can never be used: rule {number} meets the same requests");
            found.error(format!("spec.http[{index}]"), message);
        }
    }
}

/// Whether whatever meets `block` also meets `wide`. Only what can be seen for sure counts: equal
/// conditions, absent ones, and prefixes of paths.
fn covers(wide: &HttpMatch, block: &HttpMatch) -> bool {
    let path = match (&wide.uri, &block.uri) {
        (None, _) => true,
        (Some(wide), Some(uri)) if wide == uri => true,
        (Some(wide), uri) => covers_path(wide, uri.as_ref()),
    };
    let one = |wide: &Option<_>, own: &Option<_>| wide.is_none() || wide == own;
    let map = |wide: &BTreeMap<_, _>, own: &BTreeMap<_, _>| {
        wide.iter().all(|(key, value)| own.get(key) == Some(value))
    };
    path && one(&wide.scheme, &block.scheme)
        && one(&wide.method, &block.method)
        && one(&wide.authority, &block.authority)
        && map(&wide.headers, &block.headers)
        && map(&wide.without_headers, &block.without_headers)
        && map(&wide.query_params, &block.query_params)
        && wide.source_labels.iter().all(|(k, v)| block.source_labels.get(k) == Some(v))
        && (wide.source_namespace.is_empty() || wide.source_namespace == block.source_namespace)
        && (wide.gateways.is_empty() || wide.gateways == block.gateways)
        && (wide.port.is_none() || wide.port == block.port)
        && wide.ignore_uri_case == block.ignore_uri_case
}

fn covers_path(wide: &StringMatch, uri: Option<&StringMatch>) -> bool {
    let narrow = uri.and_then(|uri| uri.exact.as_ref().or(uri.prefix.as_ref()));
    match (&wide.prefix, &wide.regex, narrow) {
        (Some(prefix), _, _) if prefix == "/" => true,
        (_, Some(regex), _) if regex == ".*" || regex == "*" => true,
        (Some(prefix), _, Some(narrow)) => narrow.starts_with(prefix.as_str()),
        _ => false,
    }
}
