//! A small application without pods: `cart` has an Istio configuration of its own, `stock` and
//! `till` have none, and `sleeper` is a workload that never gets ready, for whoever needs a run in
//! the middle of something.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::standing_mesh::StandingMesh;

/// How the runs know it.
pub(super) const APPLICATION: &str = "
application: shop
namespaces: [shop]
services:
  cart: {namespace: shop, port: 80, versions: [v1, v2]}
  stock: {namespace: shop, port: 80, versions: [v1]}
  till: {namespace: shop, port: 80, versions: [v1]}
workloads:
  sleeper: {file: sleeper.yaml, namespace: shop}
";

const SLEEPER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleeper}
spec:
  selector: {matchLabels: {app: sleeper}}
  template:
    metadata: {labels: {app: sleeper}}
    spec: {containers: [{name: none, image: example.invalid/unknown}]}
";

/// What is there before.
const SHOP: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: cart-routes
  namespace: shop
  labels: {team: cart}
spec:
  hosts: [cart]
  http:
    - match: [{uri: {prefix: /v2}}]
      route: [{destination: {host: cart, subset: v2}}]
    - route: [{destination: {host: cart, subset: v1}, weight: 100}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart.shop.svc.cluster.local
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}}
";

/// Holds a run up until the Deployment is scaled to nothing, or for a minute.
pub(super) const SLEEP: &str = "    When workload \"sleeper\" is deployed\n";

/// Takes back what was done to `cart`.
pub(super) const WITHDRAW: &str = "    When the Istio configuration of \"cart\" is deleted\n";

/// A mesh with the shop in it.
#[track_caller]
pub(super) fn shop() -> StandingMesh {
    let ground = StandingMesh::open(&["shop"], SHOP);
    ground.place.file("application.yaml", APPLICATION);
    ground.place.file("sleeper.yaml", SLEEPER);
    ground
}

/// What is done to a service.
pub(super) fn steps(service: &str) -> String {
    format!(
        "    When every request to \"{service}\" is delayed by 1s
    And each caller of \"{service}\" may use 1 connection and keep 1 request waiting
    And every request to \"{service}\" is delayed by 2s\n"
    )
}

/// A feature of scenarios with these steps.
pub(super) fn feature(ground: &StandingMesh, name: &str, scenarios: &[String]) -> PathBuf {
    let mut text = format!("Feature: {name}\n");
    for (at, steps) in scenarios.iter().enumerate() {
        writeln!(text, "  Scenario: number {at}\n{steps}").unwrap();
    }
    ground.place.file(&format!("{name}.feature"), &text)
}

/// Lets a run go on that is held up.
#[track_caller]
pub(super) fn wake(ground: &StandingMesh) {
    ground.kubectl("scale deploy/sleeper -n shop --replicas=0");
}
