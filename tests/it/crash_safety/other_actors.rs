//! A run is not alone: other runs, thieves of its Lease, people who edit what it changed or delete
//! the namespace under it, controllers that keep objects as they are, and sweeps.

use std::fs;

use serde_json::json;

use super::shop::{SLEEP, feature, shop, steps, wake};
use super::standing_mesh::{ended, out, told};

const OTHER: &str = "run rother on elsewhere";

#[test]
fn a_second_run_refuses_or_waits() {
    let ground = shop();
    let before = ground.slate();
    let long = feature(&ground, "long", &[steps("stock") + SLEEP + &steps("cart")]);
    let short = feature(&ground, "short", &[steps("cart")]);
    let first = ground.start(&long, &[]);
    ground.appears("deploy", "sleeper", "shop");
    let holder = format!("process {} holds it until", first.pid());
    told(&ground.run(&short, &[]), 3, &["taking Lease shop/faultless", &holder, "--wait TIME"]);
    let waiting = ground.start(&short, &["--wait", "2m"]);
    crate::program::eventually("the other run waits", || ground.journals().len() == 2);
    wake(&ground);
    ended(first, 0, &[]);
    ended(waiting, 0, &[]);
    assert_eq!(ground.slate(), before);
}

#[test]
fn of_runs_started_together_none_disturbs_another() {
    let ground = shop();
    let before = ground.slate();
    let features = ["a", "b", "c"].map(|name| feature(&ground, name, &[steps("cart")]));
    let patient = features.each_ref().map(|path| ground.start(path, &["--wait", "2m"]));
    for run in patient {
        ended(run, 0, &[]);
    }
    assert_eq!(ground.slate(), before);
    let hasty = features.each_ref().map(|path| ground.start(path, &[]));
    let mut passed = 0;
    for run in hasty {
        let (status, said) = run.ended();
        match status.code() {
            Some(0) => passed += 1,
            Some(3) => assert!(said.contains("holds it until"), "{said}"),
            code => panic!("{code:?}: {said}"),
        }
    }
    assert!(passed >= 1, "one of them must have been the first");
    assert_eq!(ground.slate(), before);
    assert!(ground.journals().is_empty());
}

#[test]
fn a_run_whose_lease_is_stolen_stops_and_restores() {
    let ground = shop();
    let before = ground.slate();
    let path =
        feature(&ground, "robbed", &[steps("cart") + &steps("stock") + SLEEP + &steps("till")]);
    let run = ground.start(&path, &[]);
    ground.appears("deploy", "sleeper", "shop");
    let theft = json!({
        "metadata": {"labels": {"faultless.dev/run": "rother"}, "ownerReferences": null},
        "spec": {"holderIdentity": OTHER},
    });
    ground.patch("lease faultless", "merge", &theft);
    ended(run, 3, &["is held by run rother on elsewhere now", "what this run saw is invalid"]);
    let events = fs::read_to_string(out(&path).join("events.jsonl")).unwrap();
    assert!(!events.contains("faultless-till"), "it went on: {events}");
    let holder = "get lease faultless -n shop -o jsonpath={.spec.holderIdentity}";
    assert_eq!(ground.kubectl(holder), OTHER, "the Lease is the thief's");
    ground.kubectl("delete lease faultless -n shop");
    assert_eq!(ground.slate(), before);
    assert!(ground.journals().is_empty());
}

/// What a run has added goes at its end, but is not written over either.
#[test]
fn an_edit_of_what_a_run_added_is_told() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "added", &[steps("stock") + SLEEP + &steps("stock")]);
    let run = ground.start(&path, &[]);
    ground.appears("deploy", "sleeper", "shop");
    let edit = json!([{"op": "add", "path": "/spec/http/0/timeout", "value": "77s"}]);
    ground.patch("vs faultless-stock", "json", &edit);
    wake(&ground);
    let told = "shop/faultless-stock: somebody else changed it: spec.http[0].timeout: 77s";
    ended(run, 3, &[told]);
    assert_eq!(ground.slate(), before);
}

#[test]
fn an_edit_of_somebody_else_is_kept_and_told() {
    let ground = shop();
    let path = feature(&ground, "edited", &[steps("cart") + SLEEP + &steps("cart")]);
    let run = ground.start(&path, &[]);
    ground.appears("deploy", "sleeper", "shop");
    let edit = json!([{"op": "add", "path": "/spec/http/1/timeout", "value": "77s"}]);
    ground.patch("vs cart-routes", "json", &edit);
    wake(&ground);
    let command = "kubectl annotate virtualservice cart-routes -n shop";
    ended(
        run,
        4,
        &[
            // The next step finds it, the restore finds it, and neither writes over it.
            "shop/cart-routes: somebody else changed it: spec.http[1].timeout: 77s",
            "somebody else changed it meanwhile, and that is kept",
            command,
            "`faultless recover` tries again",
        ],
    );
    let timeout = "get vs cart-routes -n shop -o jsonpath={.spec.http[1].timeout}";
    assert_eq!(ground.kubectl(timeout), "77s");
    assert_eq!(ground.journals().len(), 1, "the journal remains");
    // Everything else is as before.
    let ours = "get dr,jobs,leases,deploy -n shop -o name -l faultless.dev/run";
    assert_eq!(ground.kubectl(ours), "");
    told(&ground.faultless(&["recover"]), 4, &["http[1].timeout: 77s, was not there", command]);
    assert_eq!(ground.kubectl(timeout), "77s");
    // What it told to type keeps the edit, and then the run can be finished.
    ground.kubectl("annotate vs cart-routes -n shop faultless.dev/original- faultless.dev/wrote-");
    ground.kubectl("label vs cart-routes -n shop faultless.dev/run-");
    told(&ground.faultless(&["recover"]), 0, &["is finished"]);
    assert_eq!(ground.kubectl(timeout), "77s");
    assert!(ground.journals().is_empty());
}

#[test]
fn a_namespace_may_be_deleted_under_a_run() {
    let ground = shop();
    let path = feature(&ground, "homeless", &[steps("cart") + &steps("stock") + SLEEP]);
    let run = ground.start(&path, &[]);
    ground.appears("deploy", "sleeper", "shop");
    ground.kubectl("delete namespace shop --wait=true --timeout=60s");
    ended(run, 3, &["Lease shop/faultless was deleted", "invalid"]);
    assert!(ground.journals().is_empty(), "nothing is left to be undone");
}

#[test]
fn a_namespace_may_be_deleted_under_a_dead_run() {
    let ground = shop();
    let path = feature(&ground, "homeless", &[steps("cart") + &steps("stock")]);
    ground.die(&path, &[], "22:written");
    ground.kubectl("delete namespace shop --wait=true --timeout=60s");
    told(&ground.faultless(&["recover"]), 0, &["is finished"]);
}

#[test]
fn what_a_controller_keeps_is_refused() {
    let ground = shop();
    let path = feature(&ground, "kept", &[steps("cart")]);
    for (mark, manager) in [
        ("annotate dr cart -n shop argocd.argoproj.io/tracking-id", "Argo CD"),
        ("label dr cart -n shop kustomize.toolkit.fluxcd.io/name", "Flux"),
        ("label vs cart-routes -n shop app.kubernetes.io/managed-by", "Flagger"),
        ("annotate vs cart-routes -n shop rollouts.argoproj.io/managed-by", "Argo Rollouts"),
    ] {
        ground.kubectl(&format!("{mark}=flagger"));
        let before = ground.slate();
        told(&ground.run(&path, &[]), 3, &[manager, "keeps it as it is", "--adopt"]);
        assert_eq!(ground.slate(), before, "{manager}");
        told(&ground.run(&path, &["--adopt"]), 0, &[]);
        assert_eq!(ground.slate(), before, "{manager}");
        ground.kubectl(&format!("{mark}-"));
    }
}

#[test]
fn a_sweep_needs_no_journal() {
    let ground = shop();
    let before = ground.slate();
    let path = feature(&ground, "swept", &[steps("cart") + &steps("stock")]);
    ground.die(&path, &["--dead-man", "1h"], "22:written");
    assert_ne!(ground.slate(), before);
    // Another machine has no journal.
    fs::remove_dir_all(ground.place.path("state")).unwrap();
    let sweep = ["sweep", "--context", "faultless-local"];
    // Until its Lease has expired nobody can know that its runner is dead.
    told(&ground.faultless(&sweep), 0, &["lives and is not touched", "0 undone"]);
    let past = json!({"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}});
    ground.patch("lease faultless", "merge", &past);
    let dry = [&sweep[..], &["--dry-run"]].concat();
    told(&ground.faultless(&dry), 0, &["would undo VirtualService shop/cart-routes (changed)"]);
    assert_ne!(ground.slate(), before);
    told(&ground.faultless(&sweep), 0, &["undone: VirtualService shop/cart-routes (changed)"]);
    assert_eq!(ground.slate(), before);
    told(&ground.faultless(&sweep), 0, &["0 undone"]);
}

#[test]
fn a_sweep_never_touches_a_run_that_lives() {
    let ground = shop();
    let before = ground.slate();
    let path =
        feature(&ground, "alive", &[steps("cart") + &steps("stock") + SLEEP + &steps("cart")]);
    let run = ground.start(&path, &[]);
    ground.appears("deploy", "sleeper", "shop");
    let during = "get vs,dr,jobs,deploy -n shop -o name";
    let there = ground.kubectl(during);
    // Something of the same run in a namespace where its Lease is not.
    let id = "get lease faultless -n shop -o jsonpath={.metadata.labels.faultless\\.dev/run}";
    let labels = json!({
        "app.kubernetes.io/managed-by": "faultless",
        "faultless.dev/run": ground.kubectl(id),
    });
    let ours = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "x", "namespace": "elsewhere", "labels": labels},
        "spec": {"host": "x"},
    });
    ground.apply(&ours.to_string());
    for more in [&[][..], &["-n", "elsewhere"], &["-n", "shop"]] {
        let sweep = [&["sweep", "--context", "faultless-local"], more].concat();
        told(&ground.faultless(&sweep), 0, &["lives and is not touched", "0 undone"]);
    }
    assert_eq!(ground.kubectl(during), there);
    told(&ground.faultless(&["recover"]), 0, &["belongs to a run that still lives"]);
    ground.kubectl("delete dr x -n elsewhere");
    wake(&ground);
    ended(run, 0, &[]);
    assert_eq!(ground.slate(), before);
}
