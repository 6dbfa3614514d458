//! What a real mesh would do and the local one does not: the fields that are accepted and have no
//! effect here. Nothing may be ignored silently, or a test would pass for the wrong reason. Pure.

use serde_json::Value;

/// Fields of `VirtualService` and `DestinationRule` that the local mesh does not translate: `*`
/// stands for every item of a list. A field not listed here is translated, or holds others that
/// are.
const IGNORED: &[(&str, &[&str])] = &[
    (
        "VirtualService",
        &[
            "spec.tls",
            "spec.http.*.delegate",
            "spec.http.*.corsPolicy",
            "spec.http.*.redirect.derivePort",
            "spec.http.*.retries.retryRemoteLocalities",
            "spec.http.*.match.*.statPrefix",
            "spec.tcp.*.match.*.sourceSubnet",
        ],
    ),
    (
        "DestinationRule",
        &[
            "spec.trafficPolicy",
            "spec.trafficPolicy.portLevelSettings.*",
            "spec.subsets.*.trafficPolicy",
            "spec.subsets.*.trafficPolicy.portLevelSettings.*",
        ],
    ),
];

/// Within a traffic policy, wherever it stands.
const IGNORED_IN_POLICY: &[&str] = &[
    "tls",
    "tunnel",
    "proxyProtocol",
    "retryBudget",
    "loadBalancer.consistentHash",
    "loadBalancer.localityLbSetting",
    "loadBalancer.zoneAwareLbSetting",
    "loadBalancer.warmup",
    "loadBalancer.warmupDurationSecs",
    "connectionPool.tcp.tcpKeepalive",
    "connectionPool.http.h2UpgradePolicy",
    "connectionPool.http.useClientProtocol",
    "connectionPool.http.maxConcurrentStreams",
    "connectionPool.http.http2KeepAlive",
    "outlierDetection.outlierDetectionHttpErrorCodes",
];

/// Says of each field of an admitted object that has no effect on the local mesh that it has none.
#[must_use]
pub fn unsupported(object: &Value) -> Vec<String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for (_, paths) in IGNORED.iter().filter(|(of, _)| *of == kind) {
        for path in *paths {
            let steps: Vec<&str> = path.split('.').collect();
            if kind == "VirtualService" {
                find(object, &steps, "", &mut found);
                continue;
            }
            for field in IGNORED_IN_POLICY {
                let steps: Vec<&str> = path.split('.').chain(field.split('.')).collect();
                find(object, &steps, "", &mut found);
            }
        }
    }
    let mut said: Vec<String> = found
        .into_iter()
        .map(|path| format!("{path} is accepted but has no effect on the local mesh"))
        .collect();
    said.extend(without_hosts(object));
    said.extend(without_gateways(object));
    said.extend(passthrough(object));
    said
}

/// Every place that `steps` leads to in `value`.
fn find(value: &Value, steps: &[&str], path: &str, found: &mut Vec<String>) {
    let Some((step, rest)) = steps.split_first() else {
        return found.push(path.to_owned());
    };
    if *step == "*" {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            find(item, rest, &format!("{path}[{index}]"), found);
        }
    } else if let Some(field) = value.get(step) {
        let path = if path.is_empty() { (*step).to_owned() } else { format!("{path}.{step}") };
        find(field, rest, &path, found);
    }
}

/// Nobody is led to a delegate, as `delegate` has no effect.
fn without_hosts(object: &Value) -> Option<String> {
    let hosts = object["spec"]["hosts"].as_array().is_some_and(|hosts| !hosts.is_empty());
    (object["kind"] == "VirtualService" && !hosts).then(|| {
        "spec.hosts is empty: a delegate is accepted but has no effect on the local mesh".to_owned()
    })
}

/// There are no gateways: an object bound only to those does nothing.
fn without_gateways(object: &Value) -> Option<String> {
    let gateways = object["spec"]["gateways"].as_array()?;
    let mesh = gateways.is_empty() || gateways.iter().any(|name| name == "mesh");
    (!mesh).then(|| {
        "spec.gateways names only gateways, of which the local mesh has none: the object has no \
         effect there"
            .to_owned()
    })
}

/// There is no original destination to pass a connection through to.
fn passthrough(object: &Value) -> Option<String> {
    let simple = &object["spec"]["trafficPolicy"]["loadBalancer"]["simple"];
    (simple == "PASSTHROUGH").then(|| {
        "spec.trafficPolicy.loadBalancer.simple: PASSTHROUGH is LEAST_REQUEST on the local mesh"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn said(kind: &str, spec: Value, expected: &[&str]) {
        let said = unsupported(&json!({"kind": kind, "spec": spec}));
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.contains(expected), "expected {expected:?}, got {said:?}");
        }
    }

    #[test]
    fn what_the_local_mesh_cannot_do_is_said() {
        said(
            "VirtualService",
            json!({"hosts": ["x"], "http": [{"corsPolicy": {"allowMethods": ["GET"]}}]}),
            &["spec.http[0].corsPolicy is accepted but has no effect on the local mesh"],
        );
        let on_gateways = json!({"hosts": ["x"], "gateways": ["ingress"]});
        said("VirtualService", on_gateways, &["names only gateways"]);
        // A delegate, and a field that is known by two names and has an effect under both.
        let delegate = json!({"http": [{"mirror": {"host": "x"}, "mirror_percent": 10}]});
        said("VirtualService", delegate, &["spec.hosts is empty: a delegate"]);
        let newer = json!({"trafficPolicy": {
            "connectionPool": {"http": {"http2KeepAlive": {"interval": "30s", "timeout": "5s"}}},
            "outlierDetection": {"outlierDetectionHttpErrorCodes": [429]},
        }});
        let fields =
            ["http.http2KeepAlive is accepted", "outlierDetectionHttpErrorCodes is accepted"];
        said("DestinationRule", newer, &fields);
        said(
            "DestinationRule",
            json!({"subsets": [{"name": "v1", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}}]}),
            &["spec.subsets[0].trafficPolicy.tls is accepted"],
        );
        let passthrough = json!({"trafficPolicy": {"loadBalancer": {"simple": "PASSTHROUGH"}}});
        said("DestinationRule", passthrough, &["PASSTHROUGH"]);
        said("VirtualService", json!({"hosts": ["x"], "http": [{"timeout": "1s"}]}), &[]);
    }
}
