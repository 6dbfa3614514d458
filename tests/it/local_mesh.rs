//! The local mesh as its users meet it: a stock `kubectl` brings the demo's published manifests up
//! on it, reads and changes them; a run is pointed at it; and it ends without a trace. One mesh for
//! all of it, because starting sixteen Envoys is what costs.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::program::{Place, arg, eventually};
use crate::tools;

const KC: &str = "kc";

const FAULT: &str = r#"
Feature: One road
  Scenario: A delay on a mesh that is there
    Given every portal sends 20 requests per second
    When every request to "hotels" is delayed by 1s
    Then the source of "hotels" sees every request carry flag DI
"#;

/// A workload with one container: its image and the labels of its pod.
fn workload(name: &str, image: &str, inject: Option<&str>) -> String {
    let inject = inject.map(|value| format!(", sidecar.istio.io/inject: \"{value}\""));
    let labels = format!("{{app: {name}, version: v1{}}}", inject.unwrap_or_default());
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: \
         {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {labels}}}\n    \
         spec:\n      containers:\n        - name: app\n          image: {image}\n          ports: \
         [{{containerPort: 8000}}]\n          env: [{{name: LISTEN_ADDRESS, value: \":8000\"}}]\n"
    )
}

/// A stand-in that needs nothing else.
pub(crate) fn discounts(name: &str, inject: Option<&str>) -> String {
    workload(name, "quay.io/kiali/demo_travels_discounts:v1", inject)
}

/// The columns READY and STATUS of the pods with these labels.
pub(crate) fn pods(place: &Place, kubeconfig: &str, namespace: &str, labels: &str) -> Vec<String> {
    let line = format!("get pods --no-headers -n {namespace} -l {labels}");
    let lines = place.kubectl(kubeconfig, &line);
    let columns =
        |line: &str| line.split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(columns).collect()
}

#[test]
fn the_demo_lives_on_a_local_mesh() {
    let place = Place::new();
    let up = place.up(KC);
    let mode = fs::metadata(place.path(KC)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    the_manifests_come_up(&place);
    kubectl_reads(&place);
    sidecars_are_where_labels_ask_for_them(&place);
    pods_are_scaled_deleted_and_made_again(&place);
    telemetry_is_istios(&place);
    a_run_takes_the_same_road(&place);
    up.signal("INT");
    let (status, said) = up.ended();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!place.path(KC).exists(), "the kubeconfig was left");
    assert_eq!(place.left(), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.envoys(), Vec::<u32>::new());
}

fn the_manifests_come_up(place: &Place) {
    let apply = |namespace: &str, files: &[&str]| {
        for file in files {
            place.kubectl(KC, &format!("apply -n {namespace} -f features/demo/{file}.yaml"));
        }
    };
    place.kubectl(KC, "apply -f features/demo/namespaces.yaml");
    apply("travel-agency", &["travel_agency"]);
    apply("travel-portal", &["travel_portal", "travel_loadtester"]);
    apply("travel-control", &["travel_control"]);
    let all = ["travel-agency", "travel-portal", "travel-control"];
    let ready = |namespace: &str| {
        let wait = format!("wait --for=condition=Available deploy --all -n {namespace}");
        place.kubectl(KC, &format!("{wait} --timeout=120s"))
    };
    for namespace in all {
        assert!(ready(namespace).contains("condition met"));
    }
    // The other versions are added to a mesh that runs.
    apply("travel-agency", &["travels-v2", "travels-v3", "mysql-v2", "mysql-v3"]);
    let status = "rollout status deploy/travels-v3 -n travel-agency --timeout=120s";
    assert!(place.kubectl(KC, status).contains("successfully rolled out"));
    ready("travel-agency");
    let pods: Vec<_> = all.iter().flat_map(|ns| pods(place, KC, ns, "app")).collect();
    assert_eq!(pods, vec!["2/2 Running"; 16]);
    // Applied again, nothing changes.
    let again = place.kubectl(KC, "apply -n travel-agency -f features/demo/travel_agency.yaml");
    assert!(again.lines().all(|line| line.ends_with(" unchanged")), "{again}");
}

fn kubectl_reads(place: &Place) {
    let pods = place.kubectl(KC, "get pods -A");
    assert!(pods.starts_with("NAMESPACE "), "{pods}");
    assert_eq!(pods.lines().count(), 1 + 16 + 1, "the demo and istiod:\n{pods}");
    let yaml = place.kubectl(KC, "get deploy hotels-v1 -n travel-agency -o yaml");
    assert!(yaml.contains("image: quay.io/kiali/demo_travels_hotels:v1"), "{yaml}");
    let described = place.kubectl(KC, "describe pod -n travel-agency -l app=hotels");
    for part in ["istio-proxy", "Ready:          True", "Started container hotels"] {
        assert!(described.contains(part), "`{part}` is not in:\n{described}");
    }
    let kinds = place.kubectl(KC, "api-resources");
    for kind in ["Lease", "EndpointSlice", "VirtualService", "DestinationRule", "Job"] {
        assert!(kinds.contains(kind), "{kinds}");
    }
    let slices = place.kubectl(
        KC,
        "get endpointslices -n travel-agency -l kubernetes.io/service-name=travels -o yaml",
    );
    assert_eq!(slices.matches("ready: true").count(), 3, "{slices}");
    let logs = |container: &str| {
        place.kubectl(KC, &format!("logs -n travel-portal deploy/voyages -c {container}"))
    };
    eventually("the portal tells of its quotes", || logs("voyages").contains("[voyages.fr] quote"));
    assert!(logs("istio-proxy").contains("Envoy proxy is ready"));
    let mixed = "logs -n travel-portal deploy/voyages --all-containers --tail=1";
    assert_eq!(place.kubectl(KC, mixed).lines().count(), 2);
}

fn sidecars_are_where_labels_ask_for_them(place: &Place) {
    place.kubectl(KC, "create namespace plain");
    let apply = |namespace: &str, manifest: &str| {
        place.kubectl_with(KC, &format!("apply -n {namespace} -f -"), manifest);
    };
    apply("plain", &discounts("without", None));
    apply("plain", &discounts("asked", Some("true")));
    apply("travel-agency", &discounts("declined", Some("false")));
    let ready = |namespace: &str, name: &str| {
        let wait = format!("rollout status deploy/{name} -n {namespace} --timeout=120s");
        place.kubectl(KC, &wait);
        pods(place, KC, namespace, &format!("app={name}"))
    };
    assert_eq!(ready("plain", "without"), ["1/1 Running"]);
    assert_eq!(ready("plain", "asked"), ["2/2 Running"]);
    assert_eq!(ready("travel-agency", "declined"), ["1/1 Running"]);
    apply("plain", &workload("unknown", "example.org/nobody/knows:v1", None));
    eventually("the unknown image is told", || {
        pods(place, KC, "plain", "app=unknown") == ["0/1 ErrImagePull"]
    });
    let told = place.kubectl(KC, "describe pod -n plain -l app=unknown");
    assert!(told.contains("example.org/nobody/knows"), "{told}");
    place.kubectl(KC, "delete deploy declined -n travel-agency");
    place.kubectl(KC, "delete namespace plain --timeout=60s");
    assert!(!place.kubectl(KC, "get pods -A").contains("plain"));
}

fn pods_are_scaled_deleted_and_made_again(place: &Place) {
    let names = |labels: &str| -> BTreeSet<String> {
        let line = format!("get pods -n travel-agency -l {labels} -o name");
        place.kubectl(KC, &line).lines().map(str::to_owned).collect()
    };
    let first = names("app=cars");
    // The watch sees what the scaling does.
    let mut watch = Command::new(tools::kubectl())
        .args(["get", "pods", "-n", "travel-agency", "-l", "app=cars", "-w", "--no-headers"])
        .env("KUBECONFIG", place.path(KC))
        .env("HOME", place.path("home"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    place.kubectl(KC, "scale deploy/cars-v1 -n travel-agency --replicas=2");
    place.kubectl(KC, "rollout status deploy/cars-v1 -n travel-agency --timeout=120s");
    let both = names("app=cars");
    assert_eq!(both.len(), 2);
    let second = both.difference(&first).next().unwrap().trim_start_matches("pod/").to_owned();
    let seen = BufReader::new(watch.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The stream ends only with the watch: it is bounded by the test runner's own limit.
    let ready = |line: &String| {
        let columns: Vec<_> = line.split_whitespace().take(3).collect();
        columns == [second.as_str(), "2/2", "Running"]
    };
    assert!(seen.take(50).any(|line| ready(&line)), "{second} was never seen ready");
    watch.kill().unwrap();
    watch.wait().unwrap();

    place.kubectl(KC, "scale deploy/cars-v1 -n travel-agency --replicas=1");
    eventually("one pod is left", || names("app=cars").len() == 1);
    let kept = names("app=cars");
    let victim = kept.first().unwrap();
    place.kubectl(KC, &format!("delete {victim} -n travel-agency"));
    place.kubectl(KC, "rollout status deploy/cars-v1 -n travel-agency --timeout=120s");
    assert!(names("app=cars").is_disjoint(&kept), "the pod was not made again");

    place.kubectl(KC, "delete deploy travels-v3 -n travel-agency");
    eventually("its pod goes with it", || names("app=travels,version=v3").is_empty());
    place.kubectl(KC, "apply -n travel-agency -f features/demo/travels-v3.yaml");
    place.kubectl(
        KC,
        "wait --for=condition=Available deploy/travels-v3 -n travel-agency --timeout=120s",
    );
    assert_eq!(pods(place, KC, "travel-agency", "app=travels,version=v3"), ["2/2 Running"]);
}

/// The series of a pod's page whose line has all of these parts.
fn series(place: &Place, app: &str, parts: &[&str]) -> Vec<String> {
    let of = format!("get pods -n travel-agency -l app={app},version=v1 -o name");
    let pod = place.kubectl(KC, &of).trim().trim_start_matches("pod/").to_owned();
    let page = format!(
        "get --raw /api/v1/namespaces/travel-agency/pods/{pod}:15020/proxy/stats/prometheus"
    );
    let page = place.kubectl(KC, &page);
    let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
    page.lines().filter(fits).map(str::to_owned).collect()
}

fn telemetry_is_istios(place: &Place) {
    let seen = |app: &str, parts: &[&str]| {
        eventually(&format!("{app} has {parts:?}"), || !series(place, app, parts).is_empty());
        series(place, app, parts)
    };
    let requests = "istio_requests_total{";
    let (source, destination) = ("reporter=\"source\"", "reporter=\"destination\"");
    let hotels = "destination_service=\"hotels.travel-agency.svc.cluster.local\"";
    let lines = seen("hotels", &[requests, destination, hotels, "source_workload=\"travels-v1\""]);
    // All of Istio's labels, in its order (istio/proxy `istio_stats.cc`).
    let labels: Vec<&str> = lines[0]
        .split(['{', ','])
        .skip(1)
        .filter_map(|label| label.split_once("=\"").map(|(name, _)| name))
        .collect();
    let expected = "reporter source_workload source_canonical_service source_canonical_revision \
                    source_workload_namespace source_principal source_app source_version \
                    source_cluster destination_workload destination_workload_namespace \
                    destination_principal destination_app destination_version destination_service \
                    destination_canonical_service destination_canonical_revision \
                    destination_service_name destination_service_namespace destination_cluster \
                    request_protocol response_code grpc_response_status response_flags \
                    connection_security_policy";
    assert_eq!(labels, expected.split_whitespace().collect::<Vec<_>>());
    let to_hotels = [requests, source, hotels, "destination_workload=\"hotels-v1\""];
    seen("travels", &to_hotels);
    // Who calls reports as source, who is called as destination, and nobody as both.
    assert!(series(place, "hotels", &["istio_", source, hotels]).is_empty());
    assert!(series(place, "travels", &["istio_", destination, hotels]).is_empty());
    seen("hotels", &["istio_request_duration_milliseconds_bucket{", destination, "le=\"+Inf\""]);
    // TCP: one connection per product query, reported by both ends.
    let opened = "istio_tcp_connections_opened_total{";
    let mysql = "destination_service=\"mysqldb.travel-agency.svc.cluster.local\"";
    let tcp = seen("hotels", &[opened, source, mysql, "request_protocol=\"tcp\""]);
    assert!(!tcp[0].contains("response_code"), "{}", tcp[0]);
    seen("mysqldb", &[opened, destination, mysql, "source_workload=\"hotels-v1\""]);
    seen("mysqldb", &["istio_tcp_connections_closed_total{", destination]);
}

/// That nothing of a run's is left.
fn assert_clean(place: &Place) {
    let ours = "get vs,dr,deploy,jobs -A -l app.kubernetes.io/managed-by=faultless -o name";
    assert_eq!(place.kubectl(KC, ours), "");
}

fn a_run_takes_the_same_road(place: &Place) {
    let feature = place.file("one_road.feature", FAULT);
    let (kc, out) = (place.path(KC), place.path("out"));
    let mut args = vec!["run", arg(&feature), "--application", "features/application.yaml"];
    args.extend(["--context", "faultless-local", "--kubeconfig", arg(&kc), "--out", arg(&out)]);
    let said = place.run(&args);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_clean(place);
    let junit = fs::read_to_string(out.join("junit.xml")).unwrap();
    assert!(junit.contains("A delay on a mesh that is there"), "{junit}");

    // The disk is full: the record cannot be written, and still everything is put back.
    fs::remove_file(out.join("events.jsonl")).unwrap();
    std::os::unix::fs::symlink("/dev/full", out.join("events.jsonl")).unwrap();
    let said = place.run(&args);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
    assert_clean(place);
}
