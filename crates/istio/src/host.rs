//! What an object is about: hosts, and the names under which the mesh knows them.

use serde_json::Value;

/// The domain of the cluster, as every Istio installation has it by default.
pub const DOMAIN: &str = "svc.cluster.local";

/// A service's full name.
#[must_use]
pub fn fqdn(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.{DOMAIN}")
}

/// What a host in an object means: a name without a dot is a service in the object's own namespace,
/// anything else stands for itself (pilot's `ResolveShortnameToFQDN`).
#[must_use]
pub fn resolve(host: &str, namespace: &str) -> String {
    if host.contains('.') || host.contains('*') { host.to_owned() } else { fqdn(host, namespace) }
}

/// The hosts that an object is about, as it spells them. It is asked of the JSON, so that the hosts
/// of somebody else's object are known even if the rest of it cannot be read.
#[must_use]
pub fn hosts_of(object: &Value) -> Vec<String> {
    let spec = &object["spec"];
    let hosts = match object["kind"].as_str() {
        Some("VirtualService") => spec["hosts"].as_array().map_or(&[][..], Vec::as_slice),
        _ => std::slice::from_ref(&spec["host"]),
    };
    hosts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether an object is about this fully qualified host, however it spells it.
#[must_use]
pub fn concerns(object: &Value, host: &str) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    hosts_of(object).iter().any(|spelled| {
        spelled == host
            || format!("{spelled}.{DOMAIN}") == host
            || format!("{spelled}.cluster.local") == host
            || fqdn(spelled, namespace) == host
    })
}

/// Whether some proxy obeys both objects: of `VirtualService`s the sidecars (`mesh`), or a gateway
/// that both name.
#[must_use]
pub fn share_proxies(one: &Value, other: &Value) -> bool {
    let gateways = |object: &Value| -> Vec<String> {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let named = object["spec"]["gateways"].as_array().map_or(&[][..], Vec::as_slice);
        let named = named.iter().filter_map(Value::as_str).map(|name| match name {
            "mesh" => name.to_owned(),
            name if name.contains('/') => name.to_owned(),
            name => format!("{namespace}/{name}"),
        });
        let named: Vec<String> = named.collect();
        if named.is_empty() { vec!["mesh".to_owned()] } else { named }
    };
    let others = gateways(other);
    gateways(one).iter().any(|gateway| others.contains(gateway))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_for_one_host_meet_where_their_gateways_do() {
        let of = |gateways: Value| {
            json!({"kind": "VirtualService", "metadata": {"namespace": "a"},
                "spec": {"gateways": gateways}})
        };
        for (one, other, expected) in [
            (json!(null), json!([]), true),
            (json!(null), json!(["mesh", "b/edge"]), true),
            (json!(null), json!(["edge"]), false),
            (json!(["edge"]), json!(["a/edge"]), true),
            (json!(["edge"]), json!(["b/edge", "mesh"]), false),
        ] {
            assert_eq!(
                share_proxies(&of(one.clone()), &of(other.clone())),
                expected,
                "{one} {other}"
            );
        }
        let rule = json!({"kind": "DestinationRule", "spec": {"host": "a"}});
        assert!(share_proxies(&rule, &rule));
    }

    #[test]
    fn an_object_concerns_a_host_however_it_spells_it() {
        let metadata = json!({"namespace": "a"});
        let of = |kind: &str, spec| json!({"kind": kind, "metadata": metadata, "spec": spec});
        let host = fqdn("cart", "a");
        for spelled in ["cart", "cart.a", "cart.a.svc", &host] {
            // That the rest cannot be read makes no difference.
            let object = of("VirtualService", json!({"hosts": ["b", spelled], "http": 5}));
            assert!(concerns(&object, &host), "{spelled}");
            assert!(concerns(&of("DestinationRule", json!({"host": spelled})), &host));
        }
        assert!(!concerns(&of("VirtualService", json!({"hosts": ["cart.b"]})), &host));
        assert!(!concerns(&of("DestinationRule", json!({"host": 5})), &host));
    }
}
