//! What a run changed is given back whatever becomes of the run: objects that were there before,
//! how many pods a workload has, and what a portal is set to. On a mesh that outlives its runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{PATIENCE, Place, Running, Said, arg, eventually, finish};
use crate::shop;

const KC: &str = "kc";

const CHANGED: &str = "Feature: Healing
  Scenario: what was there is changed, and something is added
    When each caller of \"cart\" may use 1 connection and keep 1 request waiting
    And every request to \"cart\" is delayed by 1s
    And every request to \"stock\" is delayed by 1s
    And every request to \"cart\" is delayed by 2s
";

/// Everything that a healed mesh has nothing of.
const OURS: &str = "get vs,dr,jobs,deploy,pods,sa,roles,rolebindings,leases -n shop -o name -l \
                    app.kubernetes.io/managed-by=faultless";

/// A mesh with an application in it.
struct Mesh {
    place: Place,
    _up: Running,
}

impl Mesh {
    #[track_caller]
    fn open(application: &str, there: &str, feature: &str) -> Self {
        let place = Place::new();
        place.file("application.yaml", application);
        place.file("a.feature", feature);
        let up = place.up(KC);
        place.kubectl_with(KC, "apply -f -", there);
        eventually("the control plane is ready", || {
            place.kubectl(KC, "get pods -n istio-system -o name").contains("pod/istiod")
        });
        place.kubectl(KC, "rollout status deploy/istiod -n istio-system --timeout=60s");
        Self { place, _up: up }
    }

    fn kubectl(&self, line: &str) -> String {
        self.place.kubectl(KC, line)
    }

    /// `faultless` on this mesh, killed at a position of its journal if one is named.
    fn faultless(&self, args: &[&str], kill_at: Option<&str>) -> Said {
        let mut command = self.place.faultless(args);
        command.env("KUBECONFIG", self.place.path(KC)).stdout(Stdio::piped());
        if let Some(kill_at) = kill_at {
            command.env("FAULTLESS_TEST_KILL_AT", kill_at);
        }
        finish(command)
    }

    fn run(&self, more: &[&str], kill_at: Option<&str>) -> Said {
        let (feature, out) = (self.place.path("a.feature"), self.place.path("out"));
        let mut args =
            vec!["run", arg(&feature), "--context", "faultless-local", "--out", arg(&out)];
        args.extend(more);
        self.faultless(&args, kill_at)
    }

    /// Everything that a run could touch, without what the API server counts and the controllers
    /// note.
    fn slate(&self) -> Value {
        let line = "get vs,dr,jobs,deploy,sa,roles,rolebindings -n shop -o json";
        let mut list: Value = serde_json::from_str(&self.kubectl(line)).unwrap();
        for item in list["items"].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("status");
            let metadata = item["metadata"].as_object_mut().unwrap();
            for key in ["resourceVersion", "generation", "managedFields"] {
                metadata.remove(key);
            }
        }
        list["items"].take()
    }

    fn timeline(&self) -> String {
        self.kubectl("get vs cart-routes -n shop -o json")
    }

    /// Kills a run as soon as this is so in the mesh. Where in its journal that is depends on what
    /// a run adds besides, so it is looked for, from a place shortly before.
    #[track_caller]
    fn killed_when(&self, from: u32, more: &[&str], what: &str, is_so: impl Fn(&Self) -> bool) {
        for position in from..from + 20 {
            let said = self.run(more, Some(&format!("{position}:applied")));
            match said.code {
                None if is_so(self) => return,
                None => {
                    let said = self.faultless(&["recover"], None);
                    assert_eq!(said.code, Some(0), "{said:?}");
                }
                // A record that announces nothing has no such moment.
                code => assert_eq!(code, Some(0), "{position}: {said:?}"),
            }
        }
        panic!("never: {what}");
    }

    /// Waits until nothing of ours is left; how long it took.
    #[track_caller]
    fn heals(&self) -> Duration {
        let started = Instant::now();
        eventually("nothing of ours is left", || self.kubectl(OURS).is_empty());
        assert!(started.elapsed() < PATIENCE);
        started.elapsed()
    }
}

#[track_caller]
fn told(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let all = format!("{}{}", said.stdout, said.stderr);
    for word in words {
        assert!(all.contains(word), "`{word}` is not in:\n{all}");
    }
}

#[test]
fn what_was_changed_is_given_back_by_the_mesh_when_the_runner_is_gone() {
    let mesh = Mesh::open(&shop::application("shop"), &shop::objects("shop"), CHANGED);
    let (before, exact) = (mesh.slate(), mesh.timeline());
    mesh.killed_when(17, &["--dead-man", "10s"], "all is changed", |mesh| {
        let (ours, cart) = (mesh.kubectl(OURS), mesh.timeline());
        ours.contains("faultless-stock") && cart.contains("\"fixedDelay\": \"2s\"")
    });
    let rule = mesh.kubectl("get dr cart -n shop -o json");
    assert!(rule.contains("faultless.dev/original"), "{rule}");
    let took = mesh.heals();
    println!("healed {took:?} after the runner's death");
    assert!(took < Duration::from_secs(10 + 30), "it took {took:?}");
    assert_eq!(mesh.slate(), before);
    let strip = |text: &str| {
        let counted =
            |line: &&str| !line.contains("resourceVersion") && !line.contains("generation");
        text.lines().filter(counted).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(strip(&mesh.timeline()), strip(&exact), "byte for byte");
    // The dead run's machine finds nothing left to do, and the next run works.
    told(&mesh.faultless(&["recover"], None), 0, &["is finished"]);
    told(&mesh.run(&[], None), 0, &[]);
    assert_eq!(mesh.slate(), before);
}

#[test]
fn another_ones_edit_survives_the_watchdog() {
    let mesh = Mesh::open(&shop::application("shop"), &shop::objects("shop"), CHANGED);
    mesh.killed_when(11, &["--dead-man", "10s"], "the routes are changed", |mesh| {
        mesh.timeline().contains("fixedDelay")
    });
    let edit = r#"[{"op":"add","path":"/spec/http/1/timeout","value":"77s"}]"#;
    mesh.kubectl(&format!("patch vs cart-routes -n shop --type=json -p={edit}"));
    let edited = mesh.kubectl("get vs cart-routes -n shop -o jsonpath={.spec}");
    mesh.heals();
    assert_eq!(mesh.kubectl("get vs cart-routes -n shop -o jsonpath={.spec}"), edited);
    let rule = mesh.kubectl("get dr cart -n shop -o json");
    assert!(!rule.contains("faultless.dev"), "what nobody edited is given back: {rule}");
    let words = ["somebody else changed it meanwhile", "77s", "kubectl annotate"];
    told(&mesh.faultless(&["recover"], None), 4, &words);
}

#[test]
fn a_run_says_what_is_not_protected() {
    let mesh = Mesh::open(&shop::application("shop"), &shop::objects("shop"), CHANGED);
    let before = mesh.slate();
    let words = ["cart-routes (changed, was there before; unprotected", "faultless sweep"];
    told(&mesh.run(&["--no-dead-man", "--verbose"], None), 0, &words);
    assert_eq!(mesh.slate(), before);
    // Whoever only adds needs no watchdog.
    let only = "Feature: f\n  Scenario: s\n    When every request to \"stock\" is delayed by 1s\n";
    mesh.place.file("a.feature", only);
    mesh.killed_when(1, &["--dead-man", "1h"], "stock is delayed", |mesh| {
        mesh.kubectl(OURS).contains("virtualservice.networking.istio.io/faultless-stock")
    });
    assert!(!mesh.kubectl(OURS).contains("watchdog"));
    told(&mesh.faultless(&["recover"], None), 0, &["is finished"]);
    assert_eq!(mesh.slate(), before);
}

const PORTAL: &str = "
application: shop
namespaces: [shop]
services:
  cart: {namespace: shop, port: 8000, versions: [v1]}
portals:
  web:
    namespace: shop
    workload: web
    calls: cart
    paths: [/]
    settings: {port: 8000, write: /settings, read: /status, pointer: /settings}
";

/// A portal with settings of its own, and a service of one pod; no sidecars.
const RUNNING: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {note: kept}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec:
      containers:
        - name: web
          image: quay.io/kiali/demo_travels_portal:v1
          ports: [{containerPort: 8000}]
          env: [{name: LISTEN_ADDRESS, value: ":8000"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart-v1, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, version: v1}}
    spec:
      containers:
        - name: cart
          image: quay.io/kiali/demo_travels_discounts:v1
          ports: [{containerPort: 8000}]
          env: [{name: LISTEN_ADDRESS, value: ":8000"}]
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 8000}]
"#;

const SCALED: &str = "Feature: Scaling
  Scenario: more pods, and a busier portal
    When workload \"cart-v1\" is scaled to 3 replicas
    And portal \"web\" has the settings:
      | request_ratio | 90 |
      | devices.web   | 80 |
    And portal \"web\" has the setting:
      | request_ratio | 100 |
    And workload \"cart-v1\" is scaled to 0 replicas
    And workload \"cart-v1\" is scaled to 2 replicas
";

impl Mesh {
    fn running(feature: &str) -> Self {
        let mesh = Self::open(PORTAL, RUNNING, feature);
        mesh.kubectl("rollout status deploy/web -n shop --timeout=60s");
        mesh.kubectl("rollout status deploy/cart-v1 -n shop --timeout=60s");
        mesh
    }

    fn settings(&self) -> Value {
        let pod = self.kubectl("get pods -n shop -l app=web -o jsonpath={.items[0].metadata.name}");
        let page = format!("get --raw /api/v1/namespaces/shop/pods/{pod}:8000/proxy/status");
        let mut page: Value = serde_json::from_str(&self.kubectl(&page)).unwrap();
        page["settings"].take()
    }

    fn replicas(&self) -> String {
        self.kubectl("get deploy cart-v1 -n shop -o jsonpath={.spec.replicas}")
    }
}

#[test]
fn replicas_and_settings_are_given_back_however_the_run_ends() {
    let mesh = Mesh::running(SCALED);
    let (before, settings) = (mesh.slate(), mesh.settings());
    let clean = |how: &str| {
        assert_eq!(mesh.slate(), before, "{how}");
        assert_eq!(mesh.settings(), settings, "{how}");
    };

    told(&mesh.run(&["--verbose"], None), 0, &["1 passed", "the settings of client web (told"]);
    clean("a run that passed");

    let fails = format!("{SCALED}    And workload \"web\" is deployed\n")
        .replace("workload \"web\" is deployed", "workload \"stock-v1\" is scaled to 1 replica");
    mesh.place.file("a.feature", &fails);
    mesh.place.file(
        "application.yaml",
        &PORTAL.replace(
            "portals:",
            "  stock: {namespace: shop, port: 8000, versions: [v1]}\nportals:",
        ),
    );
    // The service is described, and not there: known before anything is touched.
    told(&mesh.run(&[], None), 2, &["stock"]);
    clean("a run that was refused");
    // It is there, and nothing behind it: known when the step comes, after the others.
    mesh.kubectl("create service clusterip stock -n shop --tcp=8000");
    told(&mesh.run(&[], None), 3, &["stock-v1"]);
    mesh.kubectl("delete service stock -n shop");
    clean("a run that failed");
    mesh.place.file("application.yaml", PORTAL);

    mesh.place.file("a.feature", SCALED);
    let busy = |mesh: &Mesh| mesh.settings()["request_ratio"] == 100 && mesh.replicas() == "2";
    mesh.killed_when(21, &["--dead-man", "1h"], "both are changed", busy);
    assert_eq!(mesh.settings()["devices"]["web"], 80);
    told(
        &mesh.faultless(&["recover", "--dry-run"], None),
        0,
        &["would undo /settings of the pods"],
    );
    told(&mesh.faultless(&["recover"], None), 0, &["is finished"]);
    clean("a run that was killed, recovered");

    // A sweep knows the replicas, and says that it does not know the settings.
    mesh.killed_when(21, &["--dead-man", "1h"], "both are changed", busy);
    std::fs::remove_dir_all(mesh.place.path("state")).unwrap();
    mesh.kubectl("delete leases -n shop --all");
    let swept = mesh.faultless(&["sweep", "--context", "faultless-local"], None);
    told(&swept, 0, &["undone: Deployment shop/cart-v1 (changed)", "settings"]);
    assert_eq!(mesh.slate(), before, "swept");
    assert_eq!(mesh.settings()["request_ratio"], 100);
}

#[test]
fn replicas_are_given_back_by_the_mesh_and_what_others_told_a_portal_is_kept() {
    let mesh = Mesh::running(SCALED);
    let before = mesh.slate();
    mesh.killed_when(21, &["--dead-man", "10s"], "both are changed", |mesh| {
        mesh.settings()["request_ratio"] == 100 && mesh.replicas() == "2"
    });
    let pod = mesh.kubectl("get pods -n shop -l app=web -o jsonpath={.items[0].metadata.name}");
    let mut other = mesh.settings();
    other["request_ratio"] = 7.into();
    let page = format!("/api/v1/namespaces/shop/pods/{pod}:8000/proxy/settings");
    let input = mesh.place.file("settings.json", &other.to_string());
    let line = format!("replace --raw {page} -f {}", arg(&input));
    mesh.kubectl(&line);
    let took = mesh.heals();
    println!("healed {took:?} after the runner's death");
    assert!(took < Duration::from_secs(10 + 30), "it took {took:?}");
    assert_eq!(mesh.slate(), before);
    let words = ["somebody else told pod web-", "request_ratio: 7", "kubectl delete pod web-"];
    told(&mesh.faultless(&["recover"], None), 4, &words);
    assert_eq!(mesh.settings()["request_ratio"], 7);
}
