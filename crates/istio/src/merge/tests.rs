//! What stays of an object that is changed, and what may not be changed at all.

use serde_json::{Value, json};

use crate::merge::{Unmergeable, merge};
use crate::object::Object;

const HOST: &str = "hotels.a.svc.cluster.local";

fn object(kind: &str, spec: &Value) -> Object {
    Object::parse(&json!({"kind": kind, "metadata": {"name": "x"}, "spec": spec})).unwrap()
}

fn laid_over(kind: &str, theirs: &Value, ours: &Value) -> Result<Value, Unmergeable> {
    let merged = merge(&object(kind, theirs), &object(kind, ours))?.to_value();
    assert_eq!((&merged["kind"], &merged["metadata"]["name"]), (&json!(kind), &json!("x")));
    Ok(merged["spec"].clone())
}

#[test]
fn a_delay_is_laid_over_every_route_and_changes_no_destination() {
    let there = json!({"hosts": [HOST], "http": [
        {"match": [{"uri": {"prefix": "/a"}}], "route": [{"destination": {"host": "x"}}]},
        {"route": [{"destination": {"host": HOST, "subset": "v1"}, "weight": 100}]},
    ]});
    let fault = json!({"delay": {"fixedDelay": "5s"}});
    let rule = json!({"route": [{"destination": {"host": HOST}}], "fault": fault});
    let laid = laid_over("VirtualService", &there, &json!({"hosts": [HOST], "http": [rule]}));
    let laid = laid.unwrap();
    for at in 0..2 {
        assert_eq!(laid["http"][at]["fault"], fault);
        assert_eq!(laid["http"][at]["route"], there["http"][at]["route"]);
        assert_eq!(laid["http"][at]["match"], there["http"][at]["match"]);
    }
}

#[test]
fn what_nobody_knows_stays_and_conditions_must_both_hold() {
    let there = json!({"hosts": [HOST], "tls": [{"match": []}], "future": {"a": [1]}, "http": [{
        "match": [{"uri": {"prefix": "/a"}, "headers": {"b": {"exact": "c"}}}, {"statPrefix": "s"}],
        "route": [{"destination": {"host": "x"}, "future": 2}],
        "corsPolicy": {"maxAge": "1s"},
        "retries": {"attempts": 0},
        "name": "",
    }, {"match": [], "route": [{"destination": {"host": "y"}}]}]});
    let only = json!([{"headers": {"end-user": {"exact": "jason"}}}]);
    let rule = json!({
        "match": only, "route": [{"destination": {"host": HOST}}], "timeout": "2s",
    });
    let mut expected = there.clone();
    for at in 0..2 {
        expected["http"][at]["timeout"] = "2s".into();
    }
    expected["http"][1]["match"] = only.clone();
    for at in 0..2 {
        expected["http"][0]["match"][at]["headers"]["end-user"] = json!({"exact": "jason"});
    }
    let ours = json!({"hosts": [HOST], "http": [rule]});
    assert_eq!(laid_over("VirtualService", &there, &ours), Ok(expected));
    // Nothing said, nothing changed, not even what is empty.
    let silent = json!({"http": [{"route": [{"destination": {"host": HOST}}]}]});
    assert_eq!(laid_over("VirtualService", &there, &silent), Ok(there));
}

/// A `VirtualService` of somebody who also redirects, rewrites and sends elsewhere.
fn busy() -> Value {
    json!({"hosts": ["hotels"], "http": [
        {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}},
        {"match": [{"uri": {"prefix": "/pay"}}], "route": [{"destination": {"host": "bank"}}]},
        {
            "match": [{"uri": {"prefix": "/v2"}}],
            "rewrite": {"uri": "/"},
            "route": [{"destination": {"host": "hotels.a", "subset": "v2"}}],
        },
        {"timeout": "3s", "route": [{"destination": {"host": HOST}}]},
    ]})
}

#[test]
fn a_split_changes_the_rules_that_lead_to_the_service_and_no_others() {
    let split = json!([
        {"destination": {"host": HOST, "subset": "v1"}, "weight": 80},
        {"destination": {"host": HOST, "subset": "v2"}, "weight": 20},
    ]);
    let ours = json!({"hosts": [HOST], "http": [{"route": split}]});
    let mut expected = busy();
    for at in [2, 3] {
        expected["http"][at]["route"] = split.clone();
    }
    assert_eq!(laid_over("VirtualService", &busy(), &ours), Ok(expected));
}

#[test]
fn a_header_route_stands_before_each_rule_that_it_takes_requests_from() {
    let only = json!({"headers": {"user": {"exact": "new"}}});
    let to = json!([{"destination": {"host": HOST, "subset": "v3"}}]);
    let ours = json!({"hosts": [HOST], "http": [
        {"match": [only], "route": to},
        {"route": [{"destination": {"host": HOST}}]},
    ]});
    let laid = laid_over("VirtualService", &busy(), &ours).unwrap();
    let there = busy();
    let mut paths = there["http"][2].clone();
    paths["match"][0]["headers"] = only["headers"].clone();
    paths["route"] = to.clone();
    let mut rest = there["http"][3].clone();
    rest["match"] = json!([only]);
    rest["route"] = to;
    let http = |at: usize| there["http"][at].clone();
    assert_eq!(laid["http"], json!([http(0), http(1), paths, http(2), rest, http(3)]));
}

#[test]
fn what_goes_nowhere_near_the_service_stays_in_front_of_ours() {
    let there = json!({"hosts": [HOST], "http": [
        {"match": [{"uri": {"prefix": "/pay"}}], "delegate": {"name": "bank"}},
    ]});
    let split = json!({"route": [{"destination": {"host": HOST, "subset": "v1"}}]});
    let laid = laid_over("VirtualService", &there, &json!({"hosts": [HOST], "http": [split]}));
    assert_eq!(laid.unwrap()["http"], json!([there["http"][0], split]));
}

#[test]
fn weights_replace_the_routes() {
    let there = json!({"hosts": [HOST], "exportTo": ["."], "http": [{"route": []}], "tcp": [{}]});
    let split = json!({"route": [
        {"destination": {"host": HOST, "subset": "v1"}, "weight": 80},
        {"destination": {"host": HOST, "subset": "v2"}, "weight": 20},
    ]});
    let ours = json!({"hosts": [HOST], "http": [split], "tcp": [split]});
    let laid = laid_over("VirtualService", &there, &ours).unwrap();
    assert_eq!((&laid["http"], &laid["tcp"]), (&json!([split]), &json!([split])));
    assert_eq!(laid["exportTo"], json!(["."]));
}

#[test]
fn what_serves_others_too_is_not_touched() {
    let ours = json!({"hosts": [HOST], "http": []});
    let refused = |there: Value| laid_over("VirtualService", &there, &ours).unwrap_err();
    assert_eq!(refused(json!({"hosts": [HOST, "b"], "http": []})), Unmergeable::OtherHosts);
    let gateways = json!({"hosts": [HOST], "gateways": ["ingress"], "http": []});
    assert_eq!(refused(gateways), Unmergeable::GatewaysOnly);
    let (one, other) = (object("VirtualService", &ours), object("DestinationRule", &json!({})));
    assert_eq!(merge(&one, &other), Err(Unmergeable::OtherKind));
}

#[test]
fn subsets_and_policies_are_added_to_a_destination_rule() {
    let there = json!({
        "host": HOST,
        "subsets": [{"name": "v1", "labels": {"version": "one"}}],
        "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}, "tls": {"mode": "DISABLE"}},
    });
    let ours = json!({
        "host": HOST,
        "subsets": [{"name": "v1"}, {"name": "v2"}],
        "trafficPolicy": {"connectionPool": {}},
    });
    let expected = json!({
        "host": HOST,
        "subsets": [there["subsets"][0], {"name": "v2"}],
        "trafficPolicy": {
            "loadBalancer": {"simple": "RANDOM"},
            "connectionPool": {},
            "tls": {"mode": "DISABLE"},
        },
    });
    assert_eq!(laid_over("DestinationRule", &there, &ours), Ok(expected));
    let bare = laid_over("DestinationRule", &json!({"host": HOST}), &ours).unwrap();
    assert_eq!(
        (&bare["subsets"], &bare["trafficPolicy"]),
        (&ours["subsets"], &ours["trafficPolicy"])
    );
}
