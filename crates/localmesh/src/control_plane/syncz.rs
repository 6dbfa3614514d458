//! istiod's `/debug/syncz`: for each proxy and each type the nonces that were sent and accepted, in
//! the fields of its `SyncStatus` (`pilot/pkg/xds/debug.go`); what is empty is left out. Pure.

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::status::ProxyStatus;

/// The page of these proxies. `version` is what they call their Istio.
#[must_use]
pub(super) fn syncz(proxies: &[ProxyStatus], version: &str) -> Value {
    proxies.iter().map(|proxy| sync_status(proxy, version)).collect()
}

fn sync_status(proxy: &ProxyStatus, version: &str) -> Value {
    let mut status = json!({
        "cluster_id": "Kubernetes",
        "proxy": proxy.proxy,
        "proxy_type": "sidecar",
        "istio_version": version,
    });
    for (kind, word) in [
        (Kind::Clusters, "cluster"),
        (Kind::Listeners, "listener"),
        (Kind::Routes, "route"),
        (Kind::Endpoints, "endpoint"),
    ] {
        let Some(ack) = proxy.types.get(kind.type_url()) else { continue };
        for (which, nonce) in [("sent", &ack.sent), ("acked", &ack.acked)] {
            if !nonce.is_empty() {
                status[format!("{word}_{which}")] = json!(nonce);
            }
        }
    }
    let mut resources = Map::new();
    for (url, ack) in &proxy.types {
        let mut resource = Map::new();
        let texts = [
            ("sent", ack.sent.as_str()),
            ("acked", &ack.acked),
            ("sentTime", &ack.time),
            ("lastError", ack.refused.as_deref().unwrap_or_default()),
        ];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            resource.insert(name.to_owned(), json!(text));
        }
        resources.insert((*url).to_owned(), Value::Object(resource));
    }
    if !resources.is_empty() {
        status["resources"] = Value::Object(resources);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_plane::Ack;

    #[test]
    fn syncz_has_istiods_shape() {
        let ack = |sent: &str, acked: &str| Ack {
            sent: sent.to_owned(),
            acked: acked.to_owned(),
            time: "2026-08-27T12:45:20Z".to_owned(),
            refused: None,
        };
        let old = "2026-08-27T12:45:20Z/170a2d35cd-4d4f-4fd1-8f41-c0eebd1f6ea8";
        let new = "2026-08-27T12:45:21Z/189e1f0c4a-05d5-4f4b-9a6f-7a9d3f1f0b11";
        let why = Some("Proto constraint validation failed".to_owned());
        let status = ProxyStatus {
            proxy: "hotels-v1-x.travel-agency".to_owned(),
            types: [
                (Kind::Clusters.type_url(), ack(old, old)),
                (Kind::Listeners.type_url(), ack(old, "")),
                (Kind::Routes.type_url(), Ack { refused: why, ..ack(new, old) }),
            ]
            .into(),
            error: None,
            observed: 17,
        };
        let only_come =
            ProxyStatus { proxy: "cars-v1-x.travel-agency".to_owned(), ..status.clone() };
        let only_come = ProxyStatus { types: [].into(), ..only_come };
        insta::assert_json_snapshot!(syncz(&[status, only_come], "1.31.0"));
    }
}
