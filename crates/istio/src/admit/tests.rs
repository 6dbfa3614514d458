//! What is refused, and in which words; what is only warned of; what is taken.

use serde_json::{Value, json};

use crate::admit::admit;

fn virtual_service(spec: Value) -> Value {
    object("VirtualService", spec)
}

fn destination_rule(spec: Value) -> Value {
    object("DestinationRule", spec)
}

fn object(kind: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "shop", "uid": "1", "managedFields": [{}]},
        "spec": spec,
    })
}

/// A `VirtualService` with one rule: a destination, and these fields.
fn rule(fields: Value) -> Value {
    let mut rule = json!({"route": [{"destination": {"host": "cart"}}]});
    for (key, value) in fields.as_object().unwrap() {
        rule[key] = value.clone();
    }
    virtual_service(json!({"hosts": ["cart"], "http": [rule]}))
}

/// A `DestinationRule` with this policy.
fn policy(policy: Value) -> Value {
    destination_rule(json!({"host": "cart", "trafficPolicy": policy}))
}

fn strictly(object: &Value) -> Result<(Value, Vec<String>), String> {
    admit(object["kind"].as_str().unwrap(), object, true)
}

#[track_caller]
fn refused(object: &Value, expected: &str) {
    let refusal = strictly(object).expect_err(expected);
    assert!(refusal.contains(expected), "expected {expected:?}, got {refusal:?}");
}

#[track_caller]
fn warned(object: &Value, expected: &[&str]) {
    let (_, warnings) = strictly(object).unwrap();
    assert_eq!(warnings.len(), expected.len(), "{warnings:#?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.contains(expected), "expected {expected:?}, got {warning:?}");
    }
}

#[test]
fn unknown_fields_are_refused_or_dropped() {
    let object =
        rule(json!({"fualt": {}, "route": [{"destination": {"host": "cart", "sub": "v1"}}]}));
    refused(
        &object,
        "strict decoding error: unknown field \"spec.http[0].fualt\", unknown field \
         \"spec.http[0].route[0].destination.sub\"",
    );
    let (pruned, warnings) = admit("VirtualService", &object, false).unwrap();
    assert_eq!(pruned, rule(json!({})));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    // Nulls are dropped, whoever asks; metadata and status are not looked into.
    let mut nulls = rule(json!({"timeout": null}));
    nulls["status"] = json!({"anything": [1]});
    let (stored, _) = strictly(&nulls).unwrap();
    assert!(stored["spec"]["http"][0].get("timeout").is_none());
    assert_eq!((&stored["status"], &stored["metadata"]), (&nulls["status"], &nulls["metadata"]));
}

#[test]
fn the_schema_refuses() {
    refused(&rule(json!({"timeout": 5})), "spec.http[0].timeout in body must be of type string");
    refused(&rule(json!({"timeout": "soon"})), "must be a valid duration greater than 1ms");
    refused(&rule(json!({"timeout": "0.5ms"})), "must be a valid duration greater than 1ms");
    refused(&rule(json!({"match": {}})), "spec.http[0].match in body must be of type array");
    refused(&rule(json!({"retries": {"attempts": 1.5}})), "must be of type integer");
    refused(&rule(json!({"retries": {"attempts": 3_000_000_000_i64}})), "less than or equal to");
    let both = json!({"match": [{"uri": {"exact": "/a", "prefix": "/b"}}]});
    refused(&rule(both), "only one of exact, prefix, regex may be set, not exact and prefix");
    let both = json!({"fault": {"abort": {"httpStatus": 503, "grpcStatus": "UNAVAILABLE"}}});
    refused(&rule(both), "only one of httpStatus");
    refused(
        &rule(json!({"route": [{"weight": 1}]})),
        "spec.http[0].route[0].destination: Required",
    );
    refused(&rule(json!({"mirror": {"subset": "v1"}})), "spec.http[0].mirror.host: Required value");
    refused(&destination_rule(json!({})), "spec.host: Required value");
    refused(&policy(json!({"loadBalancer": {"simple": "FASTEST"}})), "Unsupported value");
    refused(&virtual_service(json!("text")), "spec in body must be of type object");
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({"spec": deep});
    }
    assert!(strictly(&object("VirtualService", deep)).is_err());
}

#[test]
fn the_webhook_refuses_virtual_services() {
    let two = |a: i64, b: i64| {
        json!({"route": [
            {"destination": {"host": "cart"}, "weight": a},
            {"destination": {"host": "cart"}, "weight": b},
        ]})
    };
    refused(&rule(two(0, 0)), "total destination weight = 0");
    refused(&rule(two(-1, 5)), "weight -1 < 0");
    assert!(strictly(&rule(two(150, 0))).is_ok(), "weights need not sum to 100");
    refused(&rule(json!({"fault": {}})), "must have an abort and/or a delay");
    let delay = |fields: Value| rule(json!({"fault": {"delay": fields}}));
    refused(
        &delay(json!({"fixedDelay": "5s", "percentage": {"value": 101}})),
        "not in range 0..100",
    );
    refused(
        &delay(json!({"fixedDelay": "5s", "percentage": {"value": -1}})),
        "not in range 0..100",
    );
    refused(&delay(json!({"percentage": {"value": 1}})), "fixedDelay is required");
    refused(&delay(json!({"exponentialDelay": "5s"})), "exponentialDelay not supported");
    let abort = |fields: Value| rule(json!({"fault": {"abort": fields}}));
    refused(&abort(json!({"httpStatus": 99})), "invalid abort http status 99");
    refused(&abort(json!({"httpStatus": 600})), "invalid abort http status 600");
    refused(&abort(json!({"http2Error": "x"})), "not supported yet");
    refused(&abort(json!({"grpcStatus": "TIRED"})), "gRPC status \"TIRED\"");
    refused(
        &rule(json!({"mirrorPercentage": {"value": 150}})),
        "mirrorPercentage.value: percentage",
    );
    let to = |destination: Value| rule(json!({"route": [{"destination": destination}]}));
    refused(&to(json!({"host": "*"})), "invalid destination host *");
    refused(&to(json!({"host": ""})), "domain name \"\" invalid");
    refused(&to(json!({"host": "cart", "subset": "V_1"})), "subset name is invalid");
    refused(&to(json!({"host": "cart", "port": {"number": 70_000}})), "range 1..65535");
    refused(&to(json!({"host": "cart", "port": {"number": 0}})), "range 1..65535");
    refused(&rule(json!({"retries": {"attempts": -1}})), "attempts cannot be negative");
    refused(&rule(json!({"retries": {"attempts": 0, "retryOn": "5xx"}})), "attempts are set to 0");
    refused(&rule(json!({"retries": {"attempts": 1, "retryOn": "99"}})), "not a valid retryOn");
    refused(&rule(json!({"match": [{"uri": {"regex": "("}}]})), "invalid regular expression");
    refused(&rule(json!({"redirect": {"uri": "/x"}})), "cannot contain both route and redirect");
    refused(&rule(json!({"route": []})), "HTTP route, redirect or direct_response is required");
    refused(&virtual_service(json!({"hosts": ["cart"]})), "http, tcp or tls must be provided");
    let mut hostless = rule(json!({}));
    hostless["spec"]["hosts"] = json!([]);
    refused(&hostless, "must have at least one host");
    hostless["spec"]["hosts"] = json!(["*"]);
    refused(&hostless, "wildcard host *");
    let tcp = json!({"hosts": ["db"], "tcp": [{}]});
    refused(&virtual_service(tcp), "TCP route is required");
}

#[test]
fn the_webhook_refuses_destination_rules() {
    refused(&policy(json!({})), "traffic policy must have at least one field");
    refused(&policy(json!({"connectionPool": {}})), "connection pool must have at least one field");
    refused(&policy(json!({"connectionPool": {"tcp": {}}})), "must have at least one field");
    let tcp = json!({"connectionPool": {"tcp": {"maxConnections": -1}}});
    refused(&policy(tcp), "-1 must be non-negative");
    let outlier = |fields: Value| policy(json!({"outlierDetection": fields}));
    refused(&outlier(json!({"maxEjectionPercent": 101})), "percentage is not in range");
    refused(&outlier(json!({"consecutiveLocalOriginFailures": 1})), "split external");
    let twice = json!([{"name": "v1", "labels": {"a": "b"}}, {"name": "v1", "labels": {"a": "c"}}]);
    refused(&destination_rule(json!({"host": "cart", "subsets": twice})), "duplicate subset name");
    refused(&policy(json!({"portLevelSettings": [{}]})), "must have a port");
}

#[test]
fn what_istio_warns_of() {
    let abort = json!({"fault": {"abort": {"percentage": {"value": 1}}}});
    warned(&rule(abort), &["without httpStatus or grpcStatus"]);
    warned(
        &rule(json!({"fault": {"delay": {"fixedDelay": "5s"}}})),
        &["no request will be delayed"],
    );
    warned(
        &rule(json!({"fault": {"abort": {"httpStatus": 500}}})),
        &["no request will be aborted"],
    );
    let mut behind = rule(json!({}));
    let first = behind["spec"]["http"][0].clone();
    behind["spec"]["http"].as_array_mut().unwrap().push(first);
    warned(&behind, &["spec.http[1]: rule not used"]);
    let mut twice = rule(json!({"match": [{"uri": {"exact": "/a"}}]}));
    let first = twice["spec"]["http"][0].clone();
    twice["spec"]["http"].as_array_mut().unwrap().push(first);
    warned(&twice, &["spec.http[1].match[0]: is not used (duplicate match"]);
    let errors = json!({"outlierDetection": {"consecutiveErrors": 1}});
    warned(&policy(errors), &["has no effect since Istio 1.7"]);
}

#[test]
fn other_kinds_are_not_judged() {
    let secret = json!({"kind": "Secret", "nonsense": 1});
    assert_eq!(admit("Secret", &secret, true), Ok((secret, Vec::new())));
}
