//! The runner is killed by SIGKILL at every point of its journal, over every feature that is
//! shipped: the same changes, without the load and the claims, on a mesh that stays.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use super::shop::{WITHDRAW, feature, shop, steps};
use super::standing_mesh::{Killed, LATE, NONE, StandingMesh};

/// The words that begin a step; the short ones go on with what the last long one began.
const STEPS: &[&str] = &["Given", "When", "Then", "And", "But"];

/// The namespaces of the Travel Demo.
const NAMESPACES: &[&str] = &["travel-agency", "travel-portal", "travel-control"];

/// A test for each feature that is shipped.
macro_rules! shipped {
    ($($name:ident)*) => {
        const SHIPPED: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            survives(stringify!($name), "");
        })*
    };
}

shipped! {
    abort
    circuit_breaking
    fault_injection
    mirroring
    request_routing
    request_timeouts
    retries
    tcp_traffic_shifting
    traffic_shifting
}

#[test]
fn no_shipped_feature_is_forgotten() {
    let mut files: Vec<String> = fs::read_dir(repository("features"))
        .unwrap()
        .filter_map(|entry| {
            Some(entry.unwrap().file_name().to_str()?.strip_suffix(".feature")?.to_owned())
        })
        .collect();
    files.sort();
    // What it changes needs a workload that is there: `replica_counts`.
    files.retain(|name| name != "scaling");
    assert_eq!(files, SHIPPED);
}

#[test]
fn added_and_changed_objects() {
    let ground = shop();
    let changed = steps("cart") + WITHDRAW + &steps("till") + &steps("cart");
    let path = feature(&ground, "both", &[changed, steps("stock") + &steps("cart")]);
    let toll = ground.survives_every_death(&path, LATE);
    println!("objects that are there before: {toll}");
    assert!(toll.runs >= 100 && toll.left_something >= 50 && toll.recoveries >= 50, "{toll}");
}

/// Where load enters: an agent with its sidecar, which the run adds before its first scenario.
const PORTAL: &str =
    "portals:\n  web: {namespace: shop, workload: web, calls: stock, paths: [/]}\n";

#[test]
fn load_agents() {
    let ground = shop();
    ground.kubectl("label namespace shop istio-injection=enabled");
    ground.place.file("application.yaml", &(super::shop::application() + PORTAL));
    let limit =
        "    When each caller of \"stock\" may use 1 connection and keep 1 request waiting\n";
    let path = feature(&ground, "loaded", &[limit.to_owned()]);
    let toll = ground.survives_every_death(&path, LATE);
    println!("with a load agent: {toll}");
    assert!(toll.runs >= 20 && toll.left_something >= 15, "{toll}");
}

/// Where every service has an Istio configuration of its own, so that all of these change objects:
/// the features with one fault, with two services, and with TCP.
#[test]
fn where_every_service_is_configured() {
    let objects = configured();
    for name in ["fault_injection", "request_timeouts", "tcp_traffic_shifting"] {
        survives(name, &objects);
    }
}

/// How many pods a workload has, as the shipped feature changes it. The settings that the feature
/// gives its portals need the portals; `healing` kills over them.
#[test]
fn replica_counts() {
    let ground = StandingMesh::open(NAMESPACES, &empty_demo());
    let agency = fs::read_to_string(repository("features/demo/travel_agency.yaml")).unwrap();
    let wanted = |one: &&str| one.contains("kind: Secret") || one.contains("name: hotels-v1");
    let hotels: Vec<&str> = agency.split("\n---\n").filter(wanted).collect();
    assert_eq!(hotels.len(), 2, "hotels and its password");
    ground.apply_to("travel-agency", &hotels.join("\n---\n"));
    ground.kubectl("rollout status deploy/hotels-v1 -n travel-agency --timeout=60s");
    let folder = application(&ground);
    let path = folder.join("scaling.feature");
    let text = fs::read_to_string(repository("features/scaling.feature")).unwrap();
    let [scenario] = &scenarios(&text)[..] else { panic!("another scenario: test it here too") };
    fs::write(&path, scenario).unwrap();
    let mut toll = ground.survives_every_death(&path, LATE);
    toll += ground.survives_every_death(&path, NONE);
    println!("scaling: {toll}");
    assert!(toll.runs >= 10 && toll.left_something >= 4 && toll.recoveries >= 1, "{toll}");
}

/// Meshes at once: each death waits for the one before it, on a core of its own.
const MESHES: usize = 2;

/// Kills the runs of a shipped feature's scenarios.
#[track_caller]
fn survives(name: &str, objects: &str) {
    let objects_there = format!("{}\n---\n{objects}", empty_demo());
    let text = fs::read_to_string(repository(&format!("features/{name}.feature"))).unwrap();
    let scenarios = scenarios(&text);
    let next = Mutex::new(scenarios.iter().enumerate());
    let dies = || {
        let ground = StandingMesh::open(NAMESPACES, &objects_there);
        let folder = application(&ground);
        let mut toll = Killed::default();
        loop {
            let Some((at, scenario)) = next.lock().unwrap().next() else { return toll };
            let path = folder.join(format!("{at}.feature"));
            fs::write(&path, scenario).unwrap();
            let switches = if at % 2 == 0 { LATE } else { NONE };
            toll += ground.survives_every_death(&path, switches);
        }
    };
    let mut toll = Killed::default();
    thread::scope(|scope| {
        let meshes: Vec<_> = (0..MESHES.min(scenarios.len())).map(|_| scope.spawn(dies)).collect();
        for mesh in meshes {
            toll += mesh.join().unwrap();
        }
    });
    let how = if objects.is_empty() { "added" } else { "changed" };
    println!("{name}, {how}: {toll}");
    assert!(toll.runs >= 20 && toll.recoveries >= 1, "{name}: {toll}");
    assert!(toll.left_something * 3 >= toll.runs, "hardly any death left a thing: {toll}");
}

/// What a run expects to be there: the Travel Demo's namespaces and services, without pods.
fn empty_demo() -> String {
    let mut objects = fs::read_to_string(repository("features/demo/namespaces.yaml")).unwrap();
    for (name, service) in described()["services"].as_object().unwrap() {
        let protocol = service["protocol"].as_str().unwrap_or("http");
        let object = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": service["namespace"]},
            "spec": {
                "selector": {"app": name},
                "ports": [{"name": protocol, "port": service["port"]}],
            },
        });
        write!(objects, "\n---\n{object}").unwrap();
    }
    objects
}

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn described() -> Value {
    let text = fs::read_to_string(repository("features/application.yaml")).unwrap();
    let mut yaml: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    yaml.apply_merge().unwrap();
    serde_json::to_value(yaml).unwrap()
}

/// The Travel Demo's description without clients, and its workloads without pods; answers the
/// folder.
fn application(ground: &StandingMesh) -> PathBuf {
    let folder = ground.place.path("features");
    fs::create_dir_all(folder.join("demo")).unwrap();
    let mut described = described();
    for workload in described["workloads"].as_object().unwrap().values() {
        let file = workload["file"].as_str().unwrap();
        let manifest = fs::read_to_string(repository(&format!("features/{file}"))).unwrap();
        assert!(manifest.contains("replicas: 1\n"), "{file}");
        fs::write(folder.join(file), manifest.replace("replicas: 1\n", "replicas: 0\n")).unwrap();
    }
    described["clients"] = json!({});
    described["manifests"] = json!([]);
    fs::write(folder.join("application.yaml"), described.to_string()).unwrap();
    folder
}

/// A VirtualService and a DestinationRule for each service.
fn configured() -> String {
    let mut objects = String::new();
    for (name, service) in described()["services"].as_object().unwrap() {
        let namespace = &service["namespace"];
        let versions = service["versions"].as_array().unwrap().iter();
        let subsets: Vec<_> =
            versions.map(|v| json!({"name": v, "labels": {"version": v}})).collect();
        let protocol = if service["protocol"] == "tcp" { "tcp" } else { "http" };
        let route = json!([{"route": [{"destination": {"host": name, "subset": "v1"}}]}]);
        let mut spec = json!({"hosts": [name]});
        spec[protocol] = route;
        for (kind, spec) in [
            ("VirtualService", spec),
            ("DestinationRule", json!({"host": name, "subsets": subsets})),
        ] {
            let object = json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": kind,
                "metadata": {"name": format!("{name}-own"), "namespace": namespace},
                "spec": spec,
            });
            writeln!(objects, "{object}\n---").unwrap();
        }
    }
    objects
}

/// A feature's scenarios, each as a feature of its own, without the claims and the steps about
/// portals: load changes nothing, and settings need portals that are there.
fn scenarios(text: &str) -> Vec<String> {
    let (mut heads, mut quoted, mut kept, mut word) = (vec![String::new()], false, true, "Given");
    for line in text.lines() {
        let trimmed = line.trim();
        let quotes = trimmed.starts_with("\"\"\"");
        let (first, rest) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
        if quoted || quotes {
            quoted ^= quotes;
        } else if let Some(step) = STEPS.iter().find(|step| **step == first) {
            word = if step.len() > 3 { step } else { word };
            let of_portals = [" sends ", "has the setting"];
            kept = word != "Then" && !of_portals.iter().any(|words| rest.contains(words));
            if kept {
                writeln!(heads.last_mut().unwrap(), "    {word} {rest}").unwrap();
            }
            continue;
        } else {
            if trimmed.starts_with("Scenario") {
                heads.push(String::new());
            }
            kept |= !trimmed.starts_with('|');
        }
        if kept {
            writeln!(heads.last_mut().unwrap(), "{line}").unwrap();
        }
    }
    let head = heads.remove(0);
    // A scenario that only looks has nothing of its own left; what the background does is done in
    // its neighbours too.
    let does =
        |scenario: &&String| STEPS.iter().any(|word| scenario.contains(&format!("\n    {word} ")));
    heads.iter().filter(does).map(|scenario| format!("{head}\n{scenario}")).collect()
}
