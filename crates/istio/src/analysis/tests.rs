//! Each rule finds its mistake, and finds nothing in what the wizards write.

use serde_json::{Value, json};

use crate::analysis::{Finding, analyze};
use crate::object::Object;

fn found(objects: &[Value]) -> Vec<String> {
    let services = ["travels", "hotels", "mysqldb"];
    let services = services.map(|name| (name.to_owned(), "travel-agency".to_owned()));
    let objects: Vec<_> = objects.iter().map(|object| Object::parse(object).unwrap()).collect();
    analyze(&objects, &services).iter().map(Finding::to_string).collect()
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "travel-agency"},
        "spec": spec,
    })
}

fn host(name: &str) -> String {
    format!("{name}.travel-agency.svc.cluster.local")
}

fn rule(name: &str) -> Value {
    let subsets = ["v1", "v2", "v3"].map(|v| json!({"name": v, "labels": {"version": v}}));
    object("DestinationRule", name, json!({"host": host(name), "subsets": subsets}))
}

fn travels(http: &[&Value]) -> Value {
    object("VirtualService", "travels", json!({"hosts": [host("travels")], "http": http}))
}

/// A rule that spreads requests over versions.
fn to(name: &str, weights: &[(&str, i32)]) -> Value {
    let share = |(version, weight): &(&str, i32)| {
        let destination = json!({"host": name, "subset": version});
        json!({"destination": destination, "weight": weight})
    };
    json!({"route": weights.iter().map(share).collect::<Vec<_>>()})
}

fn shares(weights: [i32; 3]) -> Value {
    let [one, two, three] = weights;
    to(&host("travels"), &[("v1", one), ("v2", two), ("v3", three)])
}

/// A rule with something more in it.
fn with(mut rule: Value, field: &str, value: Value) -> Value {
    rule[field] = value;
    rule
}

#[track_caller]
fn finds(objects: &[Value], expected: &str) {
    let found = found(objects);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "expected one finding with {expected:?}, found {found:#?}"
    );
}

#[test]
fn what_the_wizards_write_is_right() {
    let portal = |name| {
        with(shares([100, 0, 0]), "match", json!([{"headers": {"portal": {"exact": name}}}]))
    };
    let (mysqldb, hotels) = (host("mysqldb"), host("hotels"));
    let tcp = to(&mysqldb, &[("v1", 80), ("v2", 20)]);
    let delay = json!({"delay": {"percentage": {"value": 100}, "fixedDelay": "5s"}});
    let delayed = with(to(&hotels, &[("v1", 100)]), "fault", delay);
    let objects = [
        rule("travels"),
        travels(&[&portal("a"), &portal("b"), &shares([33, 33, 34])]),
        rule("mysqldb"),
        object("VirtualService", "mysqldb", json!({"hosts": [mysqldb], "tcp": [tcp]})),
        rule("hotels"),
        object("VirtualService", "hotels", json!({"hosts": [hotels], "http": [delayed]})),
    ];
    assert_eq!(found(&objects), Vec::<String>::new());
}

#[test]
fn two_objects_for_one_host() {
    let mut second = travels(&[&shares([80, 10, 10])]);
    second["metadata"]["name"] = "travels-too".into();
    let first = travels(&[&shares([100, 0, 0])]);
    finds(
        &[rule("travels"), first.clone(), second],
        "VirtualService travel-agency/travels-too: spec.hosts: travels.travel-agency.svc.cluster.\
         local already has VirtualService travel-agency/travels",
    );
    // The same object again is an update.
    assert!(found(&[rule("travels"), first.clone(), first]).is_empty());
}

fn anywhere(name: &str) -> Value {
    json!({"route": [{"destination": {"host": name}}]})
}

#[test]
fn subsets_and_hosts_exist() {
    let v9 = travels(&[&to("travels", &[("v9", 1)])]);
    finds(&[rule("travels"), v9.clone()], "(it has: v1, v2, v3)");
    finds(&[v9], "(it has: none)");
    finds(
        &[travels(&[&anywhere("travel")])],
        "no service is called travel.travel-agency.svc.cluster.local; the nearest is travels.",
    );
    let mirror = json!({"host": "travels", "subset": "v9"});
    let mirror = travels(&[&with(anywhere("travels"), "mirror", mirror)]);
    finds(&[rule("travels"), mirror], "spec.http[0].mirror.subset");
}

#[test]
fn rules_that_can_never_be_used() {
    let path =
        |prefix: &str| with(anywhere("travels"), "match", json!([{"uri": {"prefix": prefix}}]));
    let (wide, narrow) = (path("/a"), path("/a/b"));
    let behind = found(&[travels(&[&wide, &narrow])]);
    // Istio warns of the condition itself.
    let expected =
        ["spec.http[1].match[0]: is not used", "spec.http[1]: can never be used: rule 0"];
    assert_eq!(behind.len(), expected.len(), "{behind:#?}");
    assert!(behind.iter().zip(expected).all(|(said, part)| said.contains(part)), "{behind:#?}");
    assert!(found(&[travels(&[&narrow, &wide])]).is_empty());
    let mut header = path("/a");
    header["match"][0]["headers"] = json!({"user": {"exact": "new"}});
    assert!(found(&[travels(&[&header, &wide])]).is_empty());
    finds(&[travels(&[&wide, &header])], "spec.http[1]");
}

#[test]
fn faults_stand_alone_and_weights_are_percentages() {
    let abort = json!({"abort": {"percentage": {"value": 50}, "httpStatus": 503}});
    let both = with(with(anywhere("travels"), "fault", abort), "timeout", json!("1s"));
    finds(&[travels(&[&both])], "spec.http[0].timeout: timeout and fault on one rule");
    finds(
        &[rule("travels"), travels(&[&shares([8, 1, 1])])],
        "spec.http[0].route: weights sum to 10, not 100",
    );
}

#[test]
fn what_is_refused_is_told() {
    let object = travels(&[&with(anywhere("travels"), "fualt", json!({}))]);
    finds(&[object], "unknown field \"spec.http[0].fualt\"");
}
