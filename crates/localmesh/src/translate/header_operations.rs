//! Changes of headers, on a route or on one of its weighted clusters; and the host, which Envoy
//! does not let be set like another header.

use serde_json::{Value, json};

use istio::{HeaderOperations, Headers};

/// Header changes on a route or on one of its weighted clusters.
pub(super) fn header_operations(headers: &Headers, out: &mut Value) {
    let directions =
        [("request", headers.request.as_ref()), ("response", headers.response.as_ref())];
    for (direction, operations) in directions {
        let Some(HeaderOperations { set, add, remove, .. }) = operations else { continue };
        let option = |name: &str, value: &str, action: &str| {
            json!({
                "header": {"key": name, "value": value}, "append_action": action
            })
        };
        let mut changes: Vec<Value> = set
            .iter()
            .filter(|(name, _)| !is_host(name))
            .map(|(name, value)| option(name, value, "OVERWRITE_IF_EXISTS_OR_ADD"))
            .collect();
        changes
            .extend(add.iter().map(|(name, value)| option(name, value, "APPEND_IF_EXISTS_OR_ADD")));
        if !changes.is_empty() {
            out[format!("{direction}_headers_to_add")] = json!(changes);
        }
        if !remove.is_empty() {
            out[format!("{direction}_headers_to_remove")] = json!(remove);
        }
    }
}

/// Envoy does not let the host be set like another header.
pub(super) fn set_host(headers: Option<&Headers>, action: &mut Value) {
    let set = headers.and_then(|headers| headers.request.as_ref()).map(|request| &request.set);
    if let Some((_, host)) = set.into_iter().flatten().find(|(name, _)| is_host(name)) {
        action["host_rewrite_literal"] = json!(host);
    }
}

fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority")
}
