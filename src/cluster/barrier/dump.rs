//! What an Envoy's `/config_dump` shows: the parts that come from one of Istio's objects, and the
//! endpoints of a service. Pure.
//!
//! Istio writes the path of the object that a route, a cluster or a filter chain comes from into
//! its metadata (Istio, pilot/pkg/networking/util, `AddConfigInfoMetadata`), but not the object's
//! version. So of an object that is changed one sees that its parts are others.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

/// Deeper than this no configuration of Istio's goes.
const DEPTH_MAX: usize = 64;

/// The parts that come from an object, by its path: a digest of all of them, or nothing if there is
/// none.
pub(super) fn parts(page: &Value, path: &str) -> Option<u64> {
    let mut found = DefaultHasher::new();
    let mut count = 0_u32;
    visit(page, path, DEPTH_MAX, &mut |part| {
        count += 1;
        part.to_string().hash(&mut found);
    });
    (count > 0).then(|| found.finish())
}

fn visit(value: &Value, path: &str, depth: usize, found: &mut impl FnMut(&Value)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(fields) => {
            let config = value.pointer("/metadata/filter_metadata/istio/config");
            if config.and_then(Value::as_str).is_some_and(|config| is_of(config, path)) {
                found(value);
                return;
            }
            fields.values().for_each(|field| visit(field, path, depth, found));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, path, depth, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether metadata name this object. Istio writes one version of the API whatever was asked for.
fn is_of(config: &str, path: &str) -> bool {
    let rest = config.strip_prefix("/apis/networking.istio.io/").and_then(|c| c.split_once('/'));
    rest.is_some_and(|(_version, rest)| rest == path)
}

/// The addresses to which a service's requests may go, whatever the port; none if the proxy does
/// not know the service. `host` is the start of its host up to the cluster's domain.
pub(super) fn endpoints(page: &Value, host: &str) -> Option<BTreeSet<String>> {
    let mut found = None;
    for entry in page["configs"].as_array().into_iter().flatten() {
        let assignment = &entry["endpoint_config"];
        // `outbound|8000||hotels.travel-agency.svc.cluster.local`
        let name: Vec<_> =
            assignment["cluster_name"].as_str().unwrap_or_default().split('|').collect();
        let ["outbound", _port, "", of] = name.as_slice() else { continue };
        if !of.starts_with(host) {
            continue;
        }
        let found = found.get_or_insert_with(BTreeSet::new);
        let groups = assignment["endpoints"].as_array().into_iter().flatten();
        for endpoint in groups.filter_map(|group| group["lb_endpoints"].as_array()).flatten() {
            let address = endpoint.pointer("/endpoint/address/socket_address/address");
            found.extend(address.and_then(Value::as_str).map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(delay: &str) -> Value {
        let route = |name: &str, delay: &str| {
            let path =
                format!("/apis/networking.istio.io/v1/namespaces/shop/virtual-service/{name}");
            json!({
                "match": {"prefix": "/"},
                "metadata": {"filter_metadata": {"istio": {"config": path}}},
                "typed_per_filter_config": {"envoy.filters.http.fault": {"fixed_delay": delay}},
            })
        };
        let routes = [route("cart", delay), route("other", "9s")];
        json!({"configs": [{
            "version_info": "1",
            "route_config": {"virtual_hosts": [{"name": "cart", "routes": routes}]},
        }]})
    }

    #[test]
    fn the_parts_of_an_object_are_told_from_others() {
        let of = |page: &Value, name: &str| {
            parts(page, &format!("namespaces/shop/virtual-service/{name}"))
        };
        let (one, two) = (page("1s"), page("2s"));
        assert!(of(&one, "cart").is_some() && of(&one, "car").is_none());
        assert_ne!(of(&one, "cart"), of(&two, "cart"));
        assert_eq!(of(&one, "other"), of(&two, "other"));
        let mut later = one.clone();
        later["configs"][0]["version_info"] = "2".into();
        assert_eq!(of(&one, "cart"), of(&later, "cart"), "a version is no content");
        assert_eq!(parts(&json!([null, 1, "x"]), "namespaces/shop/virtual-service/cart"), None);
    }

    #[test]
    fn endpoints_are_those_of_the_whole_service() {
        let of = |cluster: &str, addresses: &[&str]| {
            let endpoint = |address: &&str| {
                let socket = json!({"address": address, "port_value": 1});
                json!({"endpoint": {"address": {"socket_address": socket}}})
            };
            let all: Vec<_> = addresses.iter().map(endpoint).collect();
            let endpoints = [json!({"lb_endpoints": all})];
            json!({"endpoint_config": {"cluster_name": cluster, "endpoints": endpoints}})
        };
        let page = json!({"configs": [
            of("outbound|80||cart.shop.svc.cluster.local", &["10.0.0.1", "10.0.0.2"]),
            of("outbound|80|v1|cart.shop.svc.cluster.local", &["10.0.0.1"]),
            of("outbound|80||cart.shopping.svc.cluster.local", &["10.0.0.9"]),
            of("outbound|81||empty.shop.svc.cluster.local", &[]),
        ]});
        let found = endpoints(&page, "cart.shop.svc.").expect("it is known");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(endpoints(&page, "empty.shop.svc."), Some(BTreeSet::new()));
        assert_eq!(endpoints(&page, "unknown.shop.svc."), None);
    }
}
