//! Conditions: those that can be decided now, because they are about the calling proxy, and those
//! that Envoy decides per request.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::View;
use super::config::has_labels;
use istio::{HttpMatch, StringMatch, TcpMatch};

/// Whether this proxy, calling `port`, can meet the block at all.
pub(super) fn http_applies(view: &View<'_>, block: &HttpMatch, port: u16) -> bool {
    applies(view, &block.source_labels, &block.source_namespace, &block.gateways)
        && block.port.is_none_or(|number| number == u32::from(port))
}

/// Whether this proxy's connections to `address:port` meet the block.
pub(super) fn tcp_applies(view: &View<'_>, block: &TcpMatch, address: Ipv4Addr, port: u16) -> bool {
    let within = |subnet: &String| {
        istio::subnet(subnet).is_some_and(|(network, bits)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        })
    };
    let subnets = &block.destination_subnets;
    applies(view, &block.source_labels, &block.source_namespace, &block.gateways)
        && block.port.is_none_or(|number| number == u32::from(port))
        && (subnets.is_empty() || subnets.iter().any(within))
}

fn applies(
    view: &View<'_>,
    labels: &BTreeMap<String, String>,
    namespace: &str,
    gateways: &[String],
) -> bool {
    (gateways.is_empty() || gateways.iter().any(|gateway| gateway == "mesh"))
        && (namespace.is_empty() || namespace == view.namespace())
        && has_labels(&view.proxy.labels, labels)
}

/// The condition of an Envoy route.
pub(super) fn route_match(block: Option<&HttpMatch>) -> Value {
    let mut out = json!({"prefix": "/"});
    let Some(block) = block else { return out };
    if let Some(uri) = &block.uri {
        out = path(uri);
    }
    if *block.ignore_uri_case {
        out["case_sensitive"] = json!(false);
    }
    let mut headers: Vec<Value> = Vec::new();
    // By name, so that equal objects give equal routes; a BTreeMap is sorted already.
    headers.extend(block.headers.iter().map(|(name, text)| header(name, text)));
    headers.extend(block.without_headers.iter().map(|(name, text)| {
        let mut condition = header(name, text);
        condition["invert_match"] = json!(true);
        if !text.is_presence() {
            condition["treat_missing_header_as_empty"] = json!(true);
        }
        condition
    }));
    let pseudo =
        [(":method", &block.method), (":authority", &block.authority), (":scheme", &block.scheme)];
    for (name, text) in pseudo {
        headers.extend(text.iter().map(|text| header(name, text)));
    }
    if !headers.is_empty() {
        out["headers"] = json!(headers);
    }
    let query: Vec<Value> =
        block.query_params.iter().map(|(name, text)| query_parameter(name, text)).collect();
    if !query.is_empty() {
        out["query_parameters"] = json!(query);
    }
    out
}

/// Whether every request meets it, so that nothing behind it can be reached.
pub(super) fn is_catch_all(route_match: &Value) -> bool {
    let everything = route_match["prefix"] == "/"
        || route_match["safe_regex"]["regex"].as_str().is_some_and(|r| r == ".*" || r == "*");
    everything
        && route_match.get("headers").is_none()
        && route_match.get("query_parameters").is_none()
}

fn path(uri: &StringMatch) -> Value {
    match (&uri.exact, &uri.prefix, &uri.regex) {
        (Some(exact), _, _) => json!({"path": exact}),
        (_, Some(prefix), _) => json!({"prefix": prefix}),
        (_, _, Some(regex)) if regex != "*" => json!({"safe_regex": {"regex": regex}}),
        _ => json!({"prefix": "/"}),
    }
}

fn header(name: &str, text: &StringMatch) -> Value {
    if text.is_presence() {
        json!({"name": name, "present_match": true})
    } else {
        json!({"name": name, "string_match": string_match(text)})
    }
}

fn query_parameter(name: &str, text: &StringMatch) -> Value {
    if text.is_presence() {
        json!({"name": name, "present_match": true})
    } else {
        json!({"name": name, "string_match": string_match(text)})
    }
}

fn string_match(text: &StringMatch) -> Value {
    match (&text.exact, &text.prefix, &text.regex) {
        (Some(exact), _, _) => json!({"exact": exact}),
        (_, Some(prefix), _) => json!({"prefix": prefix}),
        (_, _, regex) => json!({"safe_regex": {"regex": regex.as_deref().unwrap_or(".*")}}),
    }
}
