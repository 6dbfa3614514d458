//! Nobody does anything: a killed runner's mesh cleans itself, and a runner that was frozen for so
//! long finds out before it does anything else.

use std::fs;
use std::time::{Duration, Instant};

use super::shop::{SLEEP, feature, shop, steps};
use super::standing_mesh::{StandingMesh, ended, out, told};
use crate::program::eventually;

/// What the switches are set to.
const DEAD_MAN: [&str; 2] = ["--dead-man", "10s"];

/// Within the deadline and half a minute nothing may be left.
const BOUND: Duration = Duration::from_secs(10 + 30);

/// Waits until the mesh has cleaned itself: VirtualServices first.
#[track_caller]
fn heals(ground: &StandingMesh, since: Instant) {
    let ours =
        "get vs,dr,jobs,leases,deploy -n shop -o name -l app.kubernetes.io/managed-by=faultless";
    let first = ground.kubectl(ours);
    for kind in ["virtualservice", "destinationrule", "job", "lease"] {
        assert!(first.contains(kind), "{first}");
    }
    let mut between = false;
    eventually("nothing of ours is left", || {
        let now = ground.kubectl(ours);
        between |= !now.contains("virtualservice") && now.contains("destinationrule");
        now.is_empty()
    });
    let took = since.elapsed();
    println!("healed in {took:?}");
    assert!(took < BOUND, "it took {took:?}");
    assert!(between, "the DestinationRules did not outlast the VirtualServices");
}

#[test]
fn a_mesh_heals_itself_when_the_runner_is_killed() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "killed", &[steps("stock") + SLEEP]);
    let run = ground.start(&path, &DEAD_MAN);
    ground.appears("deploy", "sleeper", "shop");
    run.signal("KILL");
    heals(&ground, Instant::now());
    assert_eq!(ground.slate(), before);
    told(&ground.faultless(&["recover"]), 0, &["is finished"]);
    assert_eq!(ground.slate(), before);
}

#[test]
fn a_runner_that_was_frozen_too_long_injects_nothing_again() {
    let ground = shop();
    let before = ground.slate();
    let steps = steps("stock") + &steps("cart") + SLEEP + &steps("till") + &steps("stock");
    let path = feature(&ground, "frozen", &[steps]);
    let run = ground.start(&path, &DEAD_MAN);
    ground.appears("deploy", "sleeper", "shop");
    run.signal("STOP");
    let cart = "get vs cart-routes -n shop -o jsonpath={.spec.http[0].fault.delay.fixedDelay}";
    assert_eq!(ground.kubectl(cart), "2s");
    heals(&ground, Instant::now());
    // The step that it was in would succeed now: its Deployment is gone.
    run.signal("CONT");
    ended(run, 3, &["the mesh cleans up by itself after 10 s", "what this run saw is invalid"]);
    let events = fs::read_to_string(out(&path).join("events.jsonl")).unwrap();
    assert!(!events.contains("faultless-till"), "it went on: {events}");
    assert_eq!(ground.slate(), before, "what was changed is restored by the runner itself");
    assert!(ground.journals().is_empty());
}

#[test]
fn a_runner_that_was_frozen_for_a_moment_goes_on() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "dozed", &[steps("stock") + SLEEP + &steps("till")]);
    let run = ground.start(&path, &["--dead-man", "1m"]);
    ground.appears("deploy", "sleeper", "shop");
    run.signal("STOP");
    super::shop::wake(&ground);
    run.signal("CONT");
    ended(run, 0, &[]);
    assert_eq!(ground.slate(), before);
}

#[test]
fn a_run_without_switches_says_that_it_is_unprotected() {
    let ground = shop();
    let path = feature(&ground, "bold", &[steps("stock") + SLEEP]);
    let run = ground.start(&path, &["--no-dead-man"]);
    ground.appears("deploy", "sleeper", "shop");
    assert_eq!(ground.kubectl("get jobs -n shop -o name"), "");
    super::shop::wake(&ground);
    ended(run, 0, &["unprotected"]);
    for report in ["events.jsonl", "report.html"] {
        let text = fs::read_to_string(out(&path).join(report)).unwrap();
        assert!(text.contains("unprotected"), "{report}");
    }
}
