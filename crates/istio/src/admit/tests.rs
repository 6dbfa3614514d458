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
    refused(&delay(json!({"fixedDelay": "1.0001s"})), "only durations to ms precision");
    refused(&delay(json!({"exponentialDelay": "5s"})), "exponentialDelay not supported");
    let abort = |fields: Value| rule(json!({"fault": {"abort": fields}}));
    refused(&abort(json!({"httpStatus": 99})), "httpStatus: HTTP status 99 is not in range");
    refused(&abort(json!({"httpStatus": 601})), "httpStatus: HTTP status 601 is not in range");
    // Istio's bound is one wider than its message says, and Envoy's.
    let beyond = abort(json!({"httpStatus": 600, "percentage": {"value": 1}}));
    warned(&beyond, &["httpStatus: Envoy refuses HTTP status 600"]);
    refused(&abort(json!({"http2Error": "x"})), "not supported yet");
    refused(&abort(json!({"grpcStatus": "TIRED"})), "gRPC status \"TIRED\"");
    refused(
        &rule(json!({"mirrorPercentage": {"value": 150}})),
        "mirrorPercentage.value: percentage 150",
    );
    let to = |destination: Value| rule(json!({"route": [{"destination": destination}]}));
    refused(&to(json!({"host": "*"})), "invalid destination host *");
    refused(&to(json!({"host": ""})), "empty domain name");
    refused(&to(json!({"host": "cart", "subset": "V_1"})), "subset name is invalid");
    refused(&to(json!({"host": "cart", "port": {"number": 70_000}})), "range 1..65535");
    refused(&to(json!({"host": "cart", "port": {"number": 0}})), "range 1..65535");
    refused(&rule(json!({"retries": {"attempts": -1}})), "attempts cannot be negative");
    refused(&rule(json!({"retries": {"attempts": 0, "retryOn": "5xx"}})), "attempts are set to 0");
    refused(&rule(json!({"retries": {"attempts": 1, "retryOn": "99"}})), "not a valid retryOn");
    refused(&rule(json!({"match": [{"uri": {"regex": "("}}]})), "invalid regular expression");
    refused(&rule(json!({"redirect": {"uri": "/x"}})), "cannot contain both route and redirect");
    let redirect = |with: &str, what: Value| {
        rule(json!({"route": null, "redirect": {"uri": "/x"}, with: what}))
    };
    for (field, what) in [
        ("fault", json!({"delay": {"fixedDelay": "1s", "percent": 1}})),
        ("rewrite", json!({"uri": "/y"})),
        ("directResponse", json!({"status": 200})),
    ] {
        let expected = format!("cannot contain both {field} and redirect");
        refused(&redirect(field, what), &expected);
    }
    refused(&rule(json!({"route": []})), "HTTP route, redirect or direct_response is required");
    refused(&virtual_service(json!({"hosts": ["cart"]})), "http, tcp or tls must be provided");
    let mut everything = rule(json!({}));
    everything["spec"]["hosts"] = json!(["*"]);
    refused(&everything, "wildcard host *");
    let tcp = json!({"hosts": ["db"], "tcp": [{}]});
    refused(&virtual_service(tcp), "TCP route is required");
}

#[test]
fn the_webhook_refuses_destination_rules() {
    refused(&policy(json!({})), "traffic policy must have at least one field");
    refused(&policy(json!({"connectionPool": {}})), "connection pool must have at least one field");
    assert!(strictly(&policy(json!({"connectionPool": {"tcp": {}}}))).is_ok());
    let tcp = json!({"connectionPool": {"tcp": {"maxConnections": -1}}});
    refused(&policy(tcp), "-1 must be non-negative");
    let outlier = |fields: Value| policy(json!({"outlierDetection": fields}));
    refused(
        &outlier(json!({"maxEjectionPercent": 101})),
        "maxEjectionPercent: percentage 101 is not in range",
    );
    refused(&outlier(json!({"consecutiveLocalOriginFailures": 1})), "split external");
    let twice = json!([{"name": "v1", "labels": {"a": "b"}}, {"name": "v1", "labels": {"a": "c"}}]);
    refused(&destination_rule(json!({"host": "cart", "subsets": twice})), "duplicate subset name");
    refused(&policy(json!({"portLevelSettings": [{}]})), "must have valid port");
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
    let whole = "spec.http[1]: rule not used (all matches used";
    warned(&twice, &["spec.http[1].match[0]: is not used (duplicate match", whole]);
    // What is behind a rule for everything is told that and no more.
    let mut behind = rule(json!({"match": [{"uri": {"prefix": "/a"}}]}));
    for path in ["", "/a/b"] {
        let mut more = behind["spec"]["http"][0].clone();
        more["match"] =
            if path.is_empty() { json!([]) } else { json!([{"uri": {"prefix": path}}]) };
        behind["spec"]["http"].as_array_mut().unwrap().push(more);
    }
    warned(&behind, &["spec.http[2].match[0]: rule not used (route without matches"]);
    let errors = json!({"outlierDetection": {"consecutiveErrors": 1, "maxEjectionPercent": 100}});
    warned(&policy(errors), &["has no effect since Istio 1.7"]);
}

/// istio/istio#57317 and #13419: words are taken as they stand, numbers by Go's list of statuses.
#[test]
fn words_for_retries_are_istiods() {
    let on = |words: &str| rule(json!({"retries": {"attempts": 2, "retryOn": words}}));
    assert!(strictly(&on("gateway-error,connect-failure,503")).is_ok());
    refused(&on("gatway-error"), "spec.http[0].retries.retryOn: \"gatway-error\" is not a valid");
    refused(&on("gateway-error, connect-failure"), "\" connect-failure\" is not a valid");
    refused(&on("5xx,499"), "\"499\" is not a valid retryOn policy");
    let none = rule(json!({"retries": {"attempts": 0, "retryRemoteLocalities": true}}));
    refused(&none, "spec.http[0].retries.attempts: http retry policy configured");
}

/// istio/istio#42602 and #24368: a root leaves its rules to an object without hosts.
#[test]
fn a_delegate_has_no_hosts() {
    let match_ = json!([{"uri": {"prefix": "/travels"}}]);
    let root = json!({"match": match_, "delegate": {"name": "rules", "namespace": "shop"}});
    let root = virtual_service(json!({"hosts": ["travels"], "http": [root]}));
    warned(&root, &[]);
    let mut delegate = rule(json!({"retries": {"attempts": 2, "retryOn": "5xx"}}));
    delegate["spec"].as_object_mut().unwrap().remove("hosts");
    warned(&delegate, &[]);
    delegate["spec"]["gateways"] = json!(["mesh"]);
    refused(&delegate, "spec.gateways: delegate virtual service must have no gateways");
}

/// istio/istio#36069: weights are shares of their sum.
#[test]
fn weights_are_shares() {
    for (one, two) in [(2, 1), (700, 300)] {
        let to = |subset: &str, weight: i32| {
            let destination = json!({"host": "cart", "subset": subset});
            json!({"destination": destination, "weight": weight})
        };
        let sum = one + two;
        let said = format!("spec.http[0].route: weights sum to {sum}, not 100: they are shares of");
        warned(&rule(json!({"route": [to("v1", one), to("v2", two)]})), &[&said]);
    }
}

/// istio/istio#32884: names of years ago, and an older version of the API.
#[test]
fn old_names_are_known() {
    let mut old = rule(json!({"mirror": {"host": "cart"}, "mirror_percent": 10}));
    old["apiVersion"] = "networking.istio.io/v1alpha3".into();
    warned(&old, &["spec.http[0].mirror_percent: is deprecated, use mirrorPercentage"]);
    let delay = rule(json!({"fault": {"delay": {"percent": 100, "fixedDelay": "2s"}}}));
    warned(&delay, &["spec.http[0].fault.delay.percent: is deprecated, use percentage"]);
    let both = json!({"delay": {"percent": 100, "percentage": {"value": 1}, "fixedDelay": "2s"}});
    warned(&rule(json!({"fault": both})), &["is deprecated", "has no effect beside percentage"]);
}

/// Fields that came with Istio 1.28 and later; a typing error stays one.
#[test]
fn newer_fields_are_known() {
    warned(
        &policy(json!({
            "connectionPool": {"http": {"http2KeepAlive": {"interval": "30s", "timeout": "5s"}}},
            "outlierDetection":
                {"outlierDetectionHttpErrorCodes": [429, 503], "maxEjectionPercent": 100},
        })),
        &[],
    );
    let typo = json!({"outlierDetection": {"consecutive5xxError": 3}});
    let field = "unknown field \"spec.trafficPolicy.outlierDetection.consecutive5xxError\"";
    refused(&policy(typo), field);
    let half = json!({"connectionPool": {"http": {"http2KeepAlive": {"interval": "30s"}}}});
    refused(&policy(half), "http2KeepAlive.timeout: http2 keepalive timeout is required");
}

/// envoyproxy/envoy#27909 and istio/istio#28746: an ejection that does not happen.
#[test]
fn who_may_be_ejected_is_told() {
    let most = |percent: Value| {
        let fields = json!({"consecutive5xxErrors": 1, "maxEjectionPercent": percent});
        policy(json!({"outlierDetection": fields}))
    };
    let field = "spec.trafficPolicy.outlierDetection.maxEjectionPercent: ";
    let ten = format!("{field}is absent, which means Envoy's 10%: of fewer than ten pods none");
    warned(&most(Value::Null), &[&ten]);
    warned(&most(0.into()), &[&ten]);
    warned(&most(50.into()), &[&format!("{field}of fewer than 2 pods none is left out")]);
    warned(&most(30.into()), &[&format!("{field}of fewer than 4 pods none is left out")]);
    warned(&most(100.into()), &[]);
}

#[test]
fn whole_numbers_may_have_a_point() {
    let object = rule(json!({"retries": {"attempts": 2.0}}));
    let (stored, _) = strictly(&object).unwrap();
    assert_eq!(stored["spec"]["http"][0]["retries"]["attempts"], json!(2));
}

#[test]
fn other_kinds_are_not_judged() {
    let secret = json!({"kind": "Secret", "nonsense": 1});
    assert_eq!(admit("Secret", &secret, true), Ok((secret, Vec::new())));
}
