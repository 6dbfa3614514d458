//! Rules that can never be used, because an earlier one meets the same requests.

use std::collections::BTreeMap;

use super::earlier::{Earlier, any_path};
use super::finding::Findings;
use crate::http_match::{HttpMatch, StringMatch};
use crate::http_route::HttpRoute;

/// Finds rules whose every condition an earlier rule meets already. A rule that is left to another
/// object is none of these: pilot puts that object's own rules in its place, or nothing
/// (`MergeHTTPRoutes`).
pub(super) fn shadowed(rules: &[HttpRoute], found: &mut Findings) {
    let everything = [HttpMatch::default()];
    let blocks = rules.iter().map(|rule| match rule.matches.as_slice() {
        [] => everything.as_slice(),
        matches => matches,
    });
    let blocks: Vec<&[HttpMatch]> = blocks.collect();
    let mut earlier = Earlier::default();
    for (index, own) in blocks.iter().enumerate() {
        let meets = |number: usize| {
            own.iter().all(|block| blocks[number].iter().any(|wide| covers(wide, block)))
        };
        if let Some(number) = own.first().and_then(|block| earlier.first(block, meets)) {
            let message = format!("can never be used: rule {number} meets the same requests");
            found.error(format!("spec.http[{index}]"), message);
        }
        if rules[index].delegate.is_none() {
            own.iter().for_each(|block| earlier.add(index, block));
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
    if any_path(wide) {
        return true;
    }
    match (&wide.prefix, narrow) {
        (Some(prefix), Some(narrow)) => narrow.starts_with(prefix.as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;

    fn rule(of: (u8, u8, u8, u8)) -> Value {
        let uri = match of.0 {
            0 => Value::Null,
            1 => json!({"prefix": "/"}),
            2 => json!({"prefix": "/a"}),
            3 => json!({"prefix": "/a/b"}),
            4 => json!({"exact": "/a/b"}),
            5 => json!({"exact": "/é"}),
            6 => json!({"regex": ".*"}),
            _ => json!({"regex": "/a.*"}),
        };
        let mut block = json!({});
        if !uri.is_null() {
            block["uri"] = uri;
        }
        if of.1 > 0 {
            block["headers"] = json!({"a": {"exact": of.1.to_string()}});
        }
        if of.2 > 0 {
            let method = ["GET", "PUT"][usize::from(of.2 % 2)];
            block["method"] = json!({"exact": method});
        }
        match of.3 {
            0 => {}
            1 => block["sourceNamespace"] = "a".into(),
            2 => block["sourceNamespace"] = "b".into(),
            port => block["port"] = port.into(),
        }
        json!({"match": [block]})
    }

    proptest! {
        #[test]
        fn the_rule_found_is_the_first_of_all(
            of in prop::collection::vec((0_u8..8, 0_u8..3, 0_u8..3, 0_u8..5), 1..14)
        ) {
            let rules: Vec<HttpRoute> =
                of.into_iter().map(|of| HttpRoute::deserialize(rule(of)).unwrap()).collect();
            let mut earlier = Earlier::default();
            for (index, own) in rules.iter().enumerate() {
                let block = &own.matches[0];
                let meets = |number: usize| covers(&rules[number].matches[0], block);
                prop_assert_eq!(earlier.first(block, meets), (0..index).find(|it| meets(*it)));
                earlier.add(index, block);
            }
        }
    }

    #[test]
    fn a_rule_that_is_left_to_another_object_hides_none() {
        let (mut first, second) = (rule((2, 0, 0, 0)), rule((2, 0, 0, 0)));
        first["delegate"] = json!({"name": "rest"});
        let rules: Vec<HttpRoute> =
            [first, second].map(|rule| HttpRoute::deserialize(rule).unwrap()).into();
        let found = |rules: &[HttpRoute]| {
            let mut found = Findings::of(&"object");
            shadowed(rules, &mut found);
            found.into_vec().len()
        };
        assert_eq!(found(&rules), 0);
        assert_eq!(found(&[rules[1].clone(), rules[1].clone()]), 1);
    }
}
