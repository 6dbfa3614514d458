//! Conditions that Envoy decides per request. Those about the calling proxy are in `applies`.

use serde_json::{Value, json};

use istio::{HttpMatch, StringMatch};

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
