//! Each rule finds its mistake, and finds nothing in what the wizards write.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Finding, check};
use crate::istio::virtual_service::{HttpRoute, StringMatch, TcpRoute};
use crate::istio::{DestinationRule, VirtualService, fqdn};

fn found(objects: &[Value]) -> Vec<String> {
    let services = ["travels", "hotels", "mysqldb"];
    let services = services.map(|name| (name.to_owned(), "travel-agency".to_owned()));
    check(objects, &services).iter().map(Finding::to_string).collect()
}

fn rule(name: &str) -> Value {
    DestinationRule::for_service(name, "travel-agency").versions(["v1", "v2", "v3"]).to_object()
}

fn travels() -> VirtualService {
    VirtualService::for_service("travels", "travel-agency")
}

fn shares(weights: [i32; 3]) -> HttpRoute {
    let versions = ["v1", "v2", "v3"].into_iter().zip(weights);
    HttpRoute::to_subsets(&fqdn("travels", "travel-agency"), versions)
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
    let portal = |name| shares([100, 0, 0]).when_header("portal", &StringMatch::exact(name));
    let mysqldb = VirtualService::for_service("mysqldb", "travel-agency")
        .tcp(TcpRoute::to_subsets(&fqdn("mysqldb", "travel-agency"), [("v1", 80), ("v2", 20)]));
    let hotels = HttpRoute::to_subsets(&fqdn("hotels", "travel-agency"), [("v1", 100)]);
    let hotels = VirtualService::for_service("hotels", "travel-agency")
        .http(hotels.delay(100.0, Duration::from_secs(5)));
    let objects = [
        rule("travels"),
        travels().http(portal("a")).http(portal("b")).http(shares([33, 33, 34])).to_object(),
        rule("mysqldb"),
        mysqldb.to_object(),
        rule("hotels"),
        hotels.to_object(),
    ];
    assert_eq!(found(&objects), Vec::<String>::new());
}

#[test]
fn two_objects_for_one_host() {
    let mut second = travels().http(shares([80, 10, 10]));
    "travels-too".clone_into(&mut second.metadata.name);
    let first = travels().http(shares([100, 0, 0])).to_object();
    finds(
        &[rule("travels"), first.clone(), second.to_object()],
        "VirtualService travel-agency/travels-too: spec.hosts: travels.travel-agency.svc.cluster.\
         local already has VirtualService travel-agency/travels",
    );
    // The same object again is an update.
    assert!(found(&[rule("travels"), first.clone(), first]).is_empty());
}

#[test]
fn subsets_and_hosts_exist() {
    let v9 = HttpRoute::to_subsets("travels", [("v9", 1)]);
    finds(&[rule("travels"), travels().http(v9.clone()).to_object()], "(it has: v1, v2, v3)");
    finds(&[travels().http(v9).to_object()], "(it has: none)");
    let typo = travels().http(HttpRoute::to_host("travel")).to_object();
    finds(
        &[typo],
        "no service is called travel.travel-agency.svc.cluster.local; the nearest is travels.",
    );
    let mirror = travels().http(HttpRoute::to_host("travels").mirror("travels", "v9", 50.0));
    finds(&[rule("travels"), mirror.to_object()], "spec.http[0].mirror.subset");
}

#[test]
fn rules_that_can_never_be_used() {
    let path = |prefix: &str| -> HttpRoute {
        serde_json::from_value(json!({
            "match": [{"uri": {"prefix": prefix}}],
            "route": [{"destination": {"host": "travels"}}],
        }))
        .unwrap()
    };
    let narrow = travels().http(path("/a")).http(path("/a/b")).to_object();
    finds(&[narrow], "spec.http[1]: can never be used: rule 0");
    assert!(found(&[travels().http(path("/a/b")).http(path("/a")).to_object()]).is_empty());
    let header = path("/a").when_header("user", &StringMatch::exact("new"));
    assert!(found(&[travels().http(header.clone()).http(path("/a")).to_object()]).is_empty());
    finds(&[travels().http(path("/a")).http(header).to_object()], "spec.http[1]");
}

#[test]
fn faults_stand_alone_and_weights_are_percentages() {
    let route = HttpRoute::to_host("travels").abort(50.0, 503);
    let both = travels().http(route.timeout(Duration::from_secs(1))).to_object();
    finds(&[both], "spec.http[0].timeout: timeout and fault on one rule");
    finds(
        &[rule("travels"), travels().http(shares([8, 1, 1])).to_object()],
        "spec.http[0].route: weights sum to 10, not 100",
    );
}

#[test]
fn what_is_refused_is_told() {
    let mut object = travels().http(HttpRoute::to_host("travels")).to_object();
    object["spec"]["http"][0]["fualt"] = json!({});
    finds(&[object], "unknown field \"spec.http[0].fualt\"");
}
