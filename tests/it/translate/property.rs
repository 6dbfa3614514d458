//! Whatever is admitted can be translated, and weights stay in proportion.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::golden::{PORTAL, address, told};
use super::world;

/// Values of every shape under names that the objects really have.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(-1), Just(0), Just(1), Just(100), Just(70_000), any::<i64>()]
            .prop_map(Value::from),
        (-10.0..200.0).prop_map(Value::from),
        prop_oneof![
            Just("5s"),
            Just("0s"),
            Just("1.5s"),
            Just("v1"),
            Just("*"),
            Just(""),
            Just("mesh"),
            Just("travels"),
            Just("travels.travel-agency.svc.cluster.local"),
            Just("/x"),
            Just("503,gateway-error"),
            Just("10.0.0.0/8"),
            Just("UNAVAILABLE"),
            Just("("),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

const KINDS: &[&str] = &["VirtualService", "DestinationRule"];

const NAMES: &[&str] = &[
    "hosts",
    "http",
    "tcp",
    "match",
    "route",
    "destination",
    "host",
    "subset",
    "port",
    "number",
    "weight",
    "fault",
    "delay",
    "abort",
    "percentage",
    "value",
    "fixedDelay",
    "httpStatus",
    "timeout",
    "retries",
    "attempts",
    "perTryTimeout",
    "mirror",
    "mirrors",
    "headers",
    "exact",
    "prefix",
    "regex",
    "uri",
    "redirect",
    "rewrite",
    "name",
    "labels",
    "subsets",
    "trafficPolicy",
    "connectionPool",
    "maxConnections",
    "outlierDetection",
    "interval",
    "portLevelSettings",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(
        spec in anything(),
        kind in prop::sample::select(KINDS),
        strict: bool,
    ) {
        let object = json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": {"name": "x", "namespace": "travel-agency"},
            "spec": spec,
        });
        if let Ok((admitted, _)) = istio::admit(kind, &object, strict) {
            told(&world::with(world::world(address), vec![admitted]), PORTAL);
        }
        // Also what got past admission somehow.
        told(&world::with(world::world(address), vec![object]), PORTAL);
    }

    #[test]
    fn weights_keep_their_proportion(weights in prop::collection::vec(0_i32..1000, 2..6)) {
        let names: Vec<String> = (1..=weights.len()).map(|n| format!("v{n}")).collect();
        let host = "travels.travel-agency.svc.cluster.local";
        let share = |(name, weight): (&String, &i32)| {
            json!({"destination": {"host": host, "subset": name}, "weight": weight})
        };
        let route: Vec<Value> = names.iter().zip(&weights).map(share).collect();
        let object = json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "travels", "namespace": "travel-agency"},
            "spec": {"hosts": [host], "http": [{"route": route}]},
        });
        let admitted = istio::admit("VirtualService", &object, true);
        prop_assert_eq!(admitted.is_ok(), weights.iter().any(|weight| *weight > 0));
        let Ok((admitted, _)) = admitted else { return Ok(()) };
        let told = told(&world::with(world::world(address), vec![admitted]), PORTAL);
        let hosts = told["routes"]["8000"]["virtual_hosts"].as_array().unwrap();
        let travels = hosts.iter().find(|h| h["name"] == format!("{host}:8000")).unwrap();
        let got: Vec<(String, i64)> = travels["routes"][0]["route"]["weighted_clusters"]["clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (c["name"].as_str().unwrap().to_owned(), c["weight"].as_i64().unwrap()))
            .collect();
        let meant: Vec<(String, i64)> = names
            .iter()
            .zip(&weights)
            .filter(|(_, weight)| **weight > 0)
            .map(|(name, weight)| (format!("outbound|8000|{name}|{host}"), i64::from(*weight)))
            .collect();
        prop_assert_eq!(got, meant);
    }
}
