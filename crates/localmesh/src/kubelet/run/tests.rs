//! The kubelet over a cluster with its controllers, without sidecars.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::control_plane::ControlPlane;
use crate::controllers::Controllers;
use crate::image::{Container, Image, Images};
use crate::logs::Logs;
use crate::network::Network;
use crate::registry::{Registry, WriteMode};
use crate::store::{Part, Preconditions};

/// Long enough for a loaded machine; nothing here takes a second, but a restart's back-off.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers each connection with the value of `WORD`; the words `die` and `done` end it.
struct Parrot;

impl Image for Parrot {
    fn run(&self, mut container: Container) -> LocalBoxFuture<'static, Result<(), String>> {
        async move {
            let word = container.env.get("WORD").cloned().unwrap_or_default();
            (container.log)(format!("I say {word}"));
            match word.as_str() {
                "die" => return Err("no words left".to_owned()),
                "panic" => panic!("a stand-in's own mistake"),
                "done" => return Ok(()),
                _ => {}
            }
            let Some((_, listener)) = container.listeners.pop_first() else {
                container.stop.cancelled().await;
                return Ok(());
            };
            loop {
                tokio::select! {
                    () = container.stop.cancelled() => return Ok(()),
                    Ok((mut stream, _)) = listener.accept() => {
                        let _ = stream.write_all(word.as_bytes()).await;
                    }
                }
            }
        }
        .boxed_local()
    }
}

/// A mesh's inside, as far as pods without sidecars need it.
struct House {
    config: Arc<Config>,
    tasks: JoinSet<()>,
    _dir: TempDir,
}

// === impl House ===

impl House {
    fn open() -> Self {
        let dir = tempfile::Builder::new().prefix("fl").tempdir_in("/tmp").unwrap();
        let (registry, network) = (Registry::default(), Network::claim().unwrap());
        let parrot: Arc<dyn Image> = Arc::new(Parrot);
        let config = Config {
            control_plane: ControlPlane::new(registry.clone(), network.clone()),
            logs: Logs::default(),
            images: Images::from([("local/parrot".to_owned(), parrot)]),
            envoy: PathBuf::new(),
            shim: PathBuf::new(),
            dir: dir.path().to_owned(),
            registry: registry.clone(),
            network,
        };
        let kubelet = Kubelet::new(config);
        let config = Arc::clone(&kubelet.config);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { kubelet.run().await });
        tasks.spawn(Controllers::run(registry));
        Self { config, tasks, _dir: dir }
    }

    fn create(&self, kind: &'static kinds::Kind, object: Value) {
        self.config.registry.create(kind, object, WriteMode::default()).unwrap();
    }

    fn pod(&self, name: &str, spec: &Value) {
        self.create(
            &kinds::POD,
            json!({
                "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
                "spec": spec,
            }),
        );
    }

    fn get(&self, name: &str) -> Value {
        let pod = self.config.registry.get(&kinds::POD, "default", name);
        pod.map_or(Value::Null, |pod| Value::clone(&pod))
    }

    async fn until(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let pod = self.get(name);
            if holds(&pod) {
                return pod;
            }
            let status = &pod["status"];
            assert!(began.elapsed() < PATIENCE, "{name} is not {what}: {status:#}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn ready(&self, name: &str) -> Value {
        self.until(name, "ready", is_ready).await
    }

    fn delete(&self, kind: &'static kinds::Kind, name: &str) {
        let how = Preconditions::default();
        let deleted =
            self.config.registry.delete(kind, "default", name, &how, WriteMode::default());
        deleted.unwrap();
    }

    fn log(&self, pod: &str, container: &str) -> Vec<String> {
        let reader = self.config.logs.reader("default", pod, container);
        let lines = reader.map(|mut reader| reader.read()).unwrap_or_default();
        lines.into_iter().map(|line| line.text.to_string()).collect()
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = |c: &Value| c["type"] == "Ready" && c["status"] == "True";
    conditions.is_some_and(|all| all.iter().any(ready))
}

fn waiting(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]["waiting"]
}

fn parrot(word: &str, port: u16) -> Value {
    json!({"containers": [{
        "name": "parrot", "image": "local/parrot:v1",
        "env": [{"name": "WORD", "value": word}],
        "ports": [{"containerPort": port, "name": "tcp"}],
    }]})
}

async fn heard(mut stream: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut said = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut said));
    read.await.expect("an answer in time").unwrap();
    said
}

#[tokio::test]
async fn a_pod_runs_is_reached_by_its_service_and_goes() {
    let house = House::open();
    house.pod("polly", &parrot("hello", 7000));
    let pod = house.ready("polly").await;
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["spec"]["nodeName"], NODE);
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 0);
    let net = house.config.network.pod("default", "polly").unwrap();
    assert_eq!(pod["status"]["podIP"], net.ip.to_string());
    assert_eq!(house.log("polly", "parrot"), ["I say hello"]);

    house.create(
        &kinds::SERVICE,
        json!({
            "metadata": {"name": "parrots", "namespace": "default"},
            "spec": {"selector": {"app": "polly"},
                "ports": [{"name": "tcp", "port": 70, "targetPort": 7000}]},
        }),
    );
    let dial = house.config.network.dial(&house.config.registry, &net);
    let hosts = ["parrots", "parrots.default", "parrots.default.svc.cluster.local"];
    for host in hosts {
        let stream = dial(host.to_owned(), 70).await.unwrap();
        assert_eq!(heard(stream).await, "hello", "{host}");
    }
    let stream = dial(net.ip.to_string(), 7000).await.unwrap();
    assert_eq!(heard(stream).await, "hello");
    let refused = |host: &str, port| {
        let dialled = dial(host.to_owned(), port);
        async move { dialled.await.err().unwrap() }
    };
    assert_eq!(refused("cats", 70).await.kind(), std::io::ErrorKind::NotFound);
    assert!(refused("cats", 70).await.to_string().contains("no such host"));
    assert_eq!(refused("parrots", 71).await.kind(), std::io::ErrorKind::ConnectionRefused);

    let (dir, reach) = (net.dir.clone(), net.ports[0].reach);
    assert!(dir.exists());
    house.delete(&kinds::POD, "polly");
    house.until("polly", "gone", Value::is_null).await;
    assert!(!dir.exists());
    assert!(tokio::net::TcpStream::connect(reach).await.is_err());
    assert!(house.config.network.pod("default", "polly").is_none());
    assert_eq!(house.config.network.by_ip(net.ip).unwrap().name, "polly");
}

#[tokio::test]
async fn an_unknown_image_and_a_missing_secret_are_told_and_the_secret_mends_it() {
    let house = House::open();
    let unknown = json!({"containers": [{"name": "c", "image": "docker.io/library/nginx:1"}]});
    house.pod("nginx", &unknown);
    let told = |pod: &Value| waiting(pod)["reason"] == "ErrImagePull";
    let pod = house.until("nginx", "told of", told).await;
    assert_eq!(pod["status"]["phase"], "Pending");
    let message = waiting(&pod)["message"].as_str().unwrap();
    assert!(message.contains("docker.io/library/nginx:1") && message.contains("local/parrot"));

    let mut spec = parrot("", 7000);
    spec["containers"][0]["env"][0] = json!({"name": "WORD", "valueFrom":
        {"secretKeyRef": {"name": "words", "key": "one"}}});
    house.pod("polly", &spec);
    let told = |pod: &Value| waiting(pod)["reason"] == "CreateContainerConfigError";
    let pod = house.until("polly", "told of", told).await;
    assert_eq!(waiting(&pod)["message"], "secret \"words\" not found");
    let words = json!({"metadata": {"name": "words", "namespace": "default"},
        "data": {"one": "aGVsbG8="}});
    house.create(&kinds::SECRET, words);
    house.ready("polly").await;
    assert_eq!(house.log("polly", "parrot"), ["I say hello"]);
    // Both can be deleted, whether they ever ran or not.
    for name in ["nginx", "polly"] {
        house.delete(&kinds::POD, name);
        house.until(name, "gone", Value::is_null).await;
    }
}

#[tokio::test]
async fn a_crash_is_counted_told_and_followed_by_a_restart() {
    let house = House::open();
    for word in ["die", "panic"] {
        house.pod(word, &parrot(word, 7000));
    }
    for (word, why) in [("die", "no words left"), ("panic", "a stand-in's own mistake")] {
        let twice =
            |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64() >= Some(2);
        let pod = house.until(word, "restarted", twice).await;
        let status = &pod["status"]["containerStatuses"][0];
        assert_eq!(status["lastState"]["terminated"]["reason"], "Error");
        let message = status["lastState"]["terminated"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
        assert_eq!(waiting(&pod)["reason"], "CrashLoopBackOff");
        assert!(!is_ready(&pod));
        let log = house.log(word, "parrot");
        assert!(log.iter().any(|line| line.contains(why) && line.contains("back-off")), "{log:?}");
        house.delete(&kinds::POD, word);
        house.until(word, "gone", Value::is_null).await;
    }
}

#[tokio::test]
async fn a_container_that_may_end_ends_its_pod() {
    let house = House::open();
    for (name, word, policy) in
        [("done", "done", "OnFailure"), ("failed", "die", "Never"), ("again", "die", "OnFailure")]
    {
        let mut spec = parrot(word, 7000);
        spec["restartPolicy"] = json!(policy);
        house.pod(name, &spec);
    }
    house.until("done", "Succeeded", |pod| pod["status"]["phase"] == "Succeeded").await;
    let failed = |pod: &Value| pod["status"]["phase"] == "Failed";
    let pod = house.until("failed", "Failed", failed).await;
    let end = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((&end["exitCode"], &end["message"]), (&json!(1), &json!("no words left")));
    let restarts =
        |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64() >= Some(1);
    house.until("again", "restarted", restarts).await;
    for name in ["done", "failed", "again"] {
        house.delete(&kinds::POD, name);
        house.until(name, "gone", Value::is_null).await;
    }
}

#[tokio::test]
async fn deployments_scale_and_a_pod_removed_by_force_is_stopped() {
    let house = House::open();
    house.create(
        &kinds::DEPLOYMENT,
        json!({
            "metadata": {"name": "flock", "namespace": "default"},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": "flock"}},
                "template": {"metadata": {"labels": {"app": "flock"}}, "spec": parrot("a", 7000)},
            },
        }),
    );
    let network = house.config.network.clone();
    let count = async |wanted: usize| {
        let began = Instant::now();
        while network.pods().len() != wanted {
            assert!(began.elapsed() < PATIENCE, "{} pods, not {wanted}", network.pods().len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        network.pods()
    };
    let pods = count(3).await;
    assert!(pods.iter().all(|pod| pod.workload.name == "flock"));
    let reach: Vec<SocketAddr> = pods.iter().map(|pod| pod.ports[0].reach).collect();
    assert_eq!(reach.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);

    let forced = Preconditions { grace_seconds: Some(0), ..Preconditions::default() };
    let (registry, name) = (&house.config.registry, &pods[0].name);
    registry.delete(&kinds::POD, "default", name, &forced, WriteMode::default()).unwrap();
    let uid = pods[0].uid.clone();
    let began = Instant::now();
    while network.pods().len() != 3 || network.pods().iter().any(|pod| pod.uid == uid) {
        assert!(began.elapsed() < PATIENCE, "the forced pod was not replaced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let scale = |replicas: u32| {
        registry.update(&kinds::DEPLOYMENT, "default", "flock", Part::Spec, |deployment| {
            deployment["spec"]["replicas"] = json!(replicas);
        })
    };
    scale(0).unwrap();
    count(0).await;
    scale(2).unwrap();
    count(2).await;
}

#[tokio::test]
async fn everything_ends_with_the_kubelet() {
    let mut house = House::open();
    house.pod("polly", &parrot("hello", 7000));
    house.ready("polly").await;
    let reach = house.config.network.pod("default", "polly").unwrap().ports[0].reach;
    house.tasks.shutdown().await;
    // The pod's task is aborted with the kubelet; what it held is dropped when it is next polled.
    let began = Instant::now();
    while tokio::net::TcpStream::connect(reach).await.is_ok() {
        assert!(began.elapsed() < PATIENCE, "a listener outlived the kubelet");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
