//! That the rights in the README are enough: for a run that adds, changes what was there, sends
//! load and gives everything back, and for looking whether it is possible.

use super::fault_proxy::Proxy;
use crate::local_mesh::discounts;
use crate::program::{Place, arg};

const KC: &str = "kc";

const APPLICATION: &str = "
application: small
namespaces: [small]
services:
  discounts: {namespace: small, port: 8000, versions: [v1]}
clients:
  door: {namespace: small, workload: discounts, calls: discounts, paths: [/discounts/new]}
";

/// What is there before: a service, and a route of its owner's, which a watchdog has to give back.
const THERE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: small, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: discounts, namespace: small}
spec: {selector: {app: discounts}, ports: [{name: http, port: 8000}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: own, namespace: small}
spec: {hosts: [discounts], http: [{route: [{destination: {host: discounts}}]}]}
";

const FEATURE: &str = r#"
Feature: Least rights
  Scenario: A delay on what has an owner, and another pod
    Given every client sends requests to "/discounts/new"
    When every request to "discounts" is delayed by 100ms
    Then the source of "discounts" sees every request carry flag DI
    When workload "discounts" is scaled to 2 replicas
"#;

#[test]
fn the_rights_of_the_readme_are_enough_for_a_run() {
    let place = Place::new();
    let _up = place.up(KC);
    place.kubectl_with(KC, "apply -f -", THERE);
    place.kubectl_with(KC, "apply -n small -f -", &discounts("discounts", Some("true")));
    place.kubectl(KC, "rollout status deploy/discounts -n small --timeout=120s");
    let proxy = Proxy::start(&std::fs::read_to_string(place.path(KC)).unwrap());
    proxy.least_rights();
    let kubeconfig = place.file("least", &proxy.kubeconfig());
    place.file("application.yaml", APPLICATION);
    let (feature, out) = (place.file("a.feature", FEATURE), place.path("out"));
    let on = ["--context", "faulty", "--kubeconfig", arg(&kubeconfig)];

    let said = place.run(&[&["preflight", arg(&feature)][..], &on].concat());
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
    for row in ["ok        rights         all in small, istio-system", "ok        admission"] {
        assert!(said.stderr.contains(row), "`{row}` is not in:\n{}", said.stderr);
    }
    let before = place.kubectl(KC, "get vs,dr,deploy -n small -o jsonpath={.items[*].spec}");
    let said = place.run(&[&["run", arg(&feature), "--out", arg(&out)][..], &on].concat());
    assert_eq!(said.code, Some(0), "{said:?}\n{:#?}", proxy.refused());
    assert_eq!(proxy.refused(), Vec::<String>::new());
    let after = place.kubectl(KC, "get vs,dr,deploy -n small -o jsonpath={.items[*].spec}");
    assert_eq!(after, before);
}
