//! What a stock `kubectl`, without any extra flag, does with the local API server.

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::time::timeout;

use crate::mesh::{BareMesh, KUBECTL_MAX};

const HOTELS: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: mysql-credentials
type: Opaque
data:
  rootpasswd: cGFzc3dvcmQ=
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: hotels-v1
spec:
  selector:
    matchLabels:
      app: hotels
      version: v1
  replicas: 1
  template:
    metadata:
      annotations:
        readiness.status.sidecar.istio.io/applicationPorts: ""
      labels:
        app: hotels
        version: v1
    spec:
      containers:
        - name: hotels
          image: quay.io/kiali/demo_travels_hotels:v1
          ports:
            - containerPort: 8000
          env:
            - name: CURRENT_SERVICE
              value: hotels
            - name: MYSQL_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: mysql-credentials
                  key: rootpasswd
---
apiVersion: v1
kind: Service
metadata:
  name: hotels
  labels:
    app: hotels
spec:
  ports:
    - name: http
      port: 8000
  selector:
    app: hotels
"#;

const DELAY: &str = r"
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: hotels
  labels:
    kiali_wizard: fault_injection
spec:
  hosts:
    - hotels.default.svc.cluster.local
  http:
    - route:
        - destination:
            host: hotels.default.svc.cluster.local
          weight: 100
      fault:
        delay:
          percentage:
            value: 100
          fixedDelay: 5s
";

#[tokio::test]
async fn manifests_are_applied_again_and_changed() {
    let mesh = BareMesh::start().await;
    assert_eq!(mesh.kubectl("create namespace travel").await, "namespace/travel created");
    mesh.kubectl("label namespace travel istio-injection=enabled").await;
    let apply = "-n travel apply -f -";
    let said = mesh.kubectl_with(apply, HOTELS).await;
    assert_eq!(
        said,
        "secret/mysql-credentials created\ndeployment.apps/hotels-v1 created\n\
         service/hotels created"
    );
    let said = mesh.kubectl_with(apply, HOTELS).await;
    assert_eq!(said.matches("unchanged").count(), 3, "{said}");

    // One variable of a list is changed, another is removed: only a strategic merge can do that.
    let changed = HOTELS.replace("value: hotels\n", "value: inns\n");
    let (before, after) = changed.split_once("            - name: MYSQL_PASSWORD").unwrap();
    let changed = format!("{before}{}", after.split_once("key: rootpasswd").unwrap().1);
    let said = mesh.kubectl_with(apply, &changed).await;
    assert!(said.contains("deployment.apps/hotels-v1 configured"), "{said}");
    let env = "-n travel get deployment hotels-v1 -o jsonpath={..env}";
    assert_eq!(mesh.kubectl(env).await, r#"[{"name":"CURRENT_SERVICE","value":"inns"}]"#);

    let said = mesh.kubectl_with("-n travel delete -f -", HOTELS).await;
    assert_eq!(said.matches("deleted").count(), 3, "{said}");
    let said = mesh.refused("-n travel get deployment hotels-v1", "").await;
    assert_eq!(said, "Error from server (NotFound): deployments.apps \"hotels-v1\" not found");
}

#[tokio::test]
async fn istio_objects_have_three_versions() {
    let mesh = BareMesh::start().await;
    let said = mesh.kubectl_with("create -f -", DELAY).await;
    assert_eq!(said, "virtualservice.networking.istio.io/hotels created");
    for version in ["v1", "v1beta1", "v1alpha3"] {
        let get = format!(
            "get virtualservices.{version}.networking.istio.io hotels -o jsonpath={{.apiVersion}}"
        );
        assert_eq!(mesh.kubectl(&get).await, format!("networking.istio.io/{version}"));
    }
    let table = mesh.kubectl("get vs -A -l kiali_wizard=fault_injection").await;
    let words: Vec<&str> = table.split_whitespace().collect();
    assert_eq!(words[..5], ["NAMESPACE", "NAME", "GATEWAYS", "HOSTS", "AGE"], "{table}");
    assert!(table.contains("[\"hotels.default.svc.cluster.local\"]"), "{table}");
    assert!(mesh.kubectl("get vs -A -l kiali_wizard=other").await.contains("No resources found"));

    let faster = DELAY.replace("5s", "2s");
    mesh.kubectl_with("apply -f -", &faster).await;
    let delay = "get vs hotels -o jsonpath={.spec.http[0].fault.delay.fixedDelay}";
    assert_eq!(mesh.kubectl(delay).await, "2s");
    mesh.kubectl("patch vs hotels --type=merge -p {\"metadata\":{\"labels\":{\"a\":\"b\"}}}").await;
    let json = r#"patch vs hotels --type=json -p [{"op":"test","path":"/spec/hosts","value":[]}]"#;
    let said = mesh.refused(json, "").await;
    assert!(said.starts_with("The request is invalid"), "{said}");
    let said = mesh.refused("apply --server-side -f -", DELAY).await;
    assert!(said.contains("without --server-side"), "{said}");
}

#[tokio::test]
async fn workloads_are_scaled_rolled_out_and_waited_for() {
    let mesh = BareMesh::start().await;
    mesh.kubectl_with("apply -f -", HOTELS).await;
    mesh.kubectl("scale deployment hotels-v1 --replicas=3").await;
    let replicas = "get deployment hotels-v1 -o jsonpath={.spec.replicas}/{.metadata.generation}";
    assert_eq!(mesh.kubectl(replicas).await, "3/2");
    mesh.refused("scale deployment hotels-v1 --replicas=1 --current-replicas=9", "").await;
    mesh.kubectl("set image deployment/hotels-v1 hotels=example.org/hotels:v2").await;
    mesh.kubectl("rollout restart deployment hotels-v1").await;
    mesh.refused("rollout status deployment hotels-v1 --timeout=1s", "").await;
    mesh.refused("wait deployment hotels-v1 --for=condition=Available --timeout=1s", "").await;
    let status = json!({"status": {
        "observedGeneration": 9, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
        "availableReplicas": 3, "conditions": [{"type": "Available", "status": "True"}],
    }});
    let patch = format!("patch deployment hotels-v1 --subresource=status --type=merge -p {status}");
    mesh.kubectl(&patch).await;
    mesh.kubectl("rollout status deployment hotels-v1 --timeout=10s").await;
    mesh.kubectl("wait deployment hotels-v1 --for=condition=Available --timeout=10s").await;
    let table = mesh.kubectl("get deployments").await;
    assert!(table.lines().nth(1).unwrap().starts_with("hotels-v1   3/3"), "{table}");
}

#[tokio::test]
async fn objects_are_made_by_kubectl_itself() {
    let mesh = BareMesh::start().await;
    // These are sent as protobuf; what arrives must be what kubectl would have printed.
    for line in [
        "create deployment d --image=example.org/x:1 --port=80 --replicas=2",
        "create job j --image=example.org/x:1",
        "create secret generic s --from-literal=key=value",
        "create configmap c --from-literal=key=value",
        "create service clusterip v --tcp=80:8080",
        "create serviceaccount a",
    ] {
        let wanted = mesh.kubectl(&format!("{line} --dry-run=client -o json")).await;
        let made = mesh.kubectl(&format!("{line} -o json")).await;
        let wanted: serde_json::Value = serde_json::from_str(&wanted).unwrap();
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        for part in ["/metadata/name", "/metadata/labels", "/data"] {
            assert_eq!(made.pointer(part), wanted.pointer(part), "{line}: {part}");
        }
        contains(&made["spec"], &wanted["spec"], line);
    }
    assert_eq!(mesh.kubectl("auth can-i create virtualservices").await, "yes");
    assert!(mesh.kubectl("auth whoami").await.contains("faultless"));
    assert!(mesh.kubectl("api-resources").await.contains("networking.istio.io/v1"));
    assert!(mesh.kubectl("version").await.contains("Server Version: v1.32"));
}

/// Admission may add defaults, but what was wanted must be there.
#[track_caller]
fn contains(made: &serde_json::Value, wanted: &serde_json::Value, line: &str) {
    match (made, wanted) {
        (_, serde_json::Value::Null) => {}
        (serde_json::Value::Object(_), serde_json::Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                contains(&made[key], wanted, line);
            }
        }
        (serde_json::Value::Array(made), serde_json::Value::Array(wanted)) => {
            assert_eq!(made.len(), wanted.len(), "{line}");
            for (made, wanted) in made.iter().zip(wanted) {
                contains(made, wanted, line);
            }
        }
        _ => {
            // kubectl writes empty messages that its own JSON then shows as `{}`.
            let empty = wanted.as_object().is_some_and(serde_json::Map::is_empty);
            assert!(empty || made == wanted, "{line}: {made} is not {wanted}");
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_of_or_ignored() {
    let mesh = BareMesh::start().await;
    let typo = DELAY.replace("fixedDelay", "fixedDelai");
    let said = mesh.refused("apply -f -", &typo).await;
    assert!(said.contains("unknown field \"spec.http[0].fault.delay.fixedDelai\""), "{said}");
    let typo = DELAY.replace("  hosts:", "  colour: red\n  hosts:");
    let said = mesh.refused("create -f -", &typo).await;
    assert!(said.contains("unknown field \"spec.colour\""), "{said}");
    let said = mesh.kubectl_with("create --validate=warn -f -", &typo).await;
    assert!(said.contains("Warning: unknown field \"spec.colour\""), "{said}");
    assert_eq!(mesh.kubectl("get vs hotels -o jsonpath={.spec.colour}").await, "");
    let said = mesh.kubectl_with("apply --validate=ignore -f -", &typo).await;
    assert!(!said.contains("unknown field"), "{said}");
}

#[tokio::test]
async fn what_istio_and_the_local_mesh_doubt_is_a_warning() {
    let mesh = BareMesh::start().await;
    // Without its percentage the delay is of 0%; and no proxy here answers for another origin.
    let doubtful = DELAY
        .replace("          percentage:\n            value: 100\n", "")
        .replace("    - route:\n", "    - corsPolicy: {allowMethods: [GET]}\n      route:\n");
    assert!(!doubtful.contains("percentage") && doubtful.contains("corsPolicy"));
    let said = mesh.kubectl_with("apply -f -", &doubtful).await;
    assert!(said.contains("virtualservice.networking.istio.io/hotels created"), "{said}");
    for warning in ["no request will be delayed", "corsPolicy is accepted but has no effect"] {
        assert!(said.contains("Warning: ") && said.contains(warning), "{warning}: {said}");
    }
    let said = mesh.kubectl_with("apply -f -", DELAY).await;
    assert!(!said.contains("Warning: "), "{said}");
}

#[tokio::test]
async fn logs_are_shown_and_followed() {
    let mesh = BareMesh::start().await;
    mesh.kubectl("run web --image=example.org/web:1 --labels=app=web").await;
    let said = mesh.refused("logs web", "").await;
    assert!(said.contains("is waiting to start: ContainerCreating"), "{said}");
    let log = mesh.logs.writer("default", "web", "web");
    log("one".to_owned());
    log("two".to_owned());
    assert_eq!(mesh.kubectl("logs web").await, "one\ntwo");
    assert_eq!(mesh.kubectl("logs web --tail=1").await, "two");
    assert_eq!(mesh.kubectl("logs -l app=web -c web").await, "one\ntwo");
    assert!(mesh.refused("logs web -c nothing", "").await.contains("nothing is not valid"));

    let mut child = mesh.command(&["logs", "-f", "web", "--tail=1"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(next(&mut lines).await, "two");
    log("three".to_owned());
    assert_eq!(next(&mut lines).await, "three");
    mesh.logs.forget("default", "web");
    assert!(timeout(KUBECTL_MAX, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn what_happens_is_watched() {
    let mesh = BareMesh::start().await;
    mesh.kubectl_with("apply -f -", HOTELS).await;
    let mut child = mesh.command(&["get", "deployments", "-w"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(next(&mut lines).await.starts_with("NAME"));
    assert!(next(&mut lines).await.starts_with("hotels-v1   0/1"));
    mesh.kubectl("scale deployment hotels-v1 --replicas=3").await;
    assert!(next(&mut lines).await.starts_with("hotels-v1   0/3"));
    child.kill().await.unwrap();
}

#[tokio::test]
async fn objects_are_described_and_deleted() {
    let mesh = BareMesh::start().await;
    mesh.kubectl_with("apply -f -", HOTELS).await;
    mesh.kubectl_with("apply -f -", DELAY).await;
    mesh.kubectl("run web --image=example.org/web:1").await;
    for (object, word) in [
        ("deployment hotels-v1", "CURRENT_SERVICE"),
        ("service hotels", "app=hotels"),
        ("secret mysql-credentials", "rootpasswd"),
        ("virtualservice hotels", "Fixed Delay"),
        ("pod web", "example.org/web:1"),
        ("namespace default", "default"),
    ] {
        let said = mesh.kubectl(&format!("describe {object}")).await;
        assert!(said.contains(word), "{said}");
    }
    assert!(mesh.kubectl("get all").await.contains("deployment.apps/hotels-v1"));
    mesh.kubectl("delete pod web").await;
    mesh.kubectl("wait --for=delete pod/web --timeout=5s").await;
    mesh.kubectl("delete vs,deploy,svc --all").await;
    assert!(mesh.kubectl("get all").await.contains("No resources found"));
    let dry = mesh.kubectl_with("apply --dry-run=server -f -", DELAY).await;
    assert!(dry.ends_with("created (server dry run)"), "{dry}");
    assert!(mesh.kubectl("get vs").await.contains("No resources found"));
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    timeout(KUBECTL_MAX, lines.next_line())
        .await
        .expect("a line in time")
        .unwrap()
        .expect("a line before the end")
}
