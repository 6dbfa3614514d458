//! A small application without pods: `cart` has an Istio configuration of its own, `stock` and
//! `till` have none, and `sleeper` is a workload that never gets ready, for whoever needs a run in
//! the middle of something.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::standing_mesh::StandingMesh;
use crate::shop;

/// How the runs know it.
pub(super) fn application() -> String {
    shop::application("shop") + "workloads:\n  sleeper: {file: sleeper.yaml, namespace: shop}\n"
}

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

/// Where nothing of ours may ever be.
const ELSEWHERE: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
";

/// Holds a run up until the Deployment is scaled to nothing, or for a minute.
pub(super) const SLEEP: &str = "    When workload \"sleeper\" is deployed\n";

/// Takes back what was done to `cart`.
pub(super) const WITHDRAW: &str = "    When the Istio configuration of \"cart\" is deleted\n";

/// A mesh with the shop in it.
#[track_caller]
pub(super) fn shop() -> StandingMesh {
    let ground = StandingMesh::open(&["shop"], &(shop::objects("shop") + ELSEWHERE));
    ground.place.file("application.yaml", &application());
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
