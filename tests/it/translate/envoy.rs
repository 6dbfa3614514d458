//! A real Envoy takes the translation and does what it says. One sidecar is started; the pods
//! behind the services are small servers that answer with their own name.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use localmesh::network::Protocol;
use localmesh::translate::{Proxy, PushContext, config_source, endpoints, resources};
use serde_json::{Value, json};

use super::server::Answers;
use super::world;

/// Far more than any answer here takes; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Envoy, found or fetched as the program does it: a test that skips shows nothing.
fn binary() -> PathBuf {
    localmesh::envoy::fetch::find(None, &|_| ()).unwrap()
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "travel-agency"},
        "spec": spec,
    })
}

/// A sidecar with its folder and the world around it.
struct Mesh {
    dir: tempfile::TempDir,
    world: PushContext,
    proxy: Proxy,
    answers: Answers,
    envoy: Option<Child>,
}

/// Serves one pod: HTTP with its name and the caller's address, or its name at once for TCP. The
/// thread ends with the test's process.
fn serve(listener: TcpListener, name: String, work: Duration) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let name = name.clone();
            thread::spawn(move || answer(stream, &name, work));
        }
    });
}

fn answer(mut stream: TcpStream, name: &str, work: Duration) {
    let peer = stream.peer_addr().unwrap().ip();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    if name.starts_with("mysqldb") {
        let _ = stream.write_all(name.as_bytes());
        return;
    }
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        request.push(byte[0]);
    }
    thread::sleep(work);
    let body = format!("{name} called by {peer}");
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all((head + &body).as_bytes());
}

impl Mesh {
    /// The world with every pod served, and the sidecar of `voyages` described but not started.
    fn new() -> Self {
        let bound =
            |index: u8| TcpListener::bind(SocketAddr::from(([127, 77, 0, index], 0))).unwrap();
        let mut listeners: Vec<TcpListener> = (1..=9).map(bound).collect();
        let addresses: Vec<SocketAddr> =
            listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        let world = world::world(|index| addresses[usize::from(index) - 1]);
        let app = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let own = world.endpoints.iter().position(|pod| pod.workload.name == "voyages-v1").unwrap();
        // The sidecar itself listens there.
        drop(listeners.remove(own));
        let proxy = world::proxy(&world.endpoints[own], Protocol::Http, app.local_addr().unwrap());
        let others = world.endpoints.iter().filter(|pod| pod.workload.name != "voyages-v1");
        for (pod, listener) in others.zip(listeners) {
            serve(listener, pod.workload.name.clone(), Duration::from_millis(20));
        }
        serve(app, "voyages-v1".to_owned(), Duration::ZERO);
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("pod/out")).unwrap();
        let answers = Answers::serve(&dir.path().join("pod/xds.sock"));
        Self { dir, world, proxy, answers, envoy: None }
    }

    fn pod(&self) -> PathBuf {
        self.dir.path().join("pod")
    }

    /// Tells the sidecar, endpoints first, as the control plane does.
    fn push(&self, objects: Vec<Value>) {
        self.push_world(&world::with(self.world.clone(), objects));
    }

    fn push_world(&self, world: &PushContext) {
        for (name, assignment) in endpoints(world) {
            self.answers.set(&format!("endpoints {name}"), vec![assignment]);
        }
        let told = resources(world, &self.proxy);
        self.answers.set("clusters ", told.clusters.into_values().collect());
        for (name, routes) in told.routes {
            self.answers.set(&format!("routes {name}"), vec![routes]);
        }
        self.answers.set("listeners ", told.listeners.into_values().collect());
    }

    fn start(&mut self, binary: &Path) {
        self.push(Vec::new());
        let socket = json!({"address": {"pipe": {"path": "xds.sock"}}});
        let bootstrap = json!({
            "node": {"id": "test", "cluster": "test"},
            "admin": {"address": {"pipe": {"path": "admin.sock"}}},
            "dynamic_resources": {"cds_config": config_source(), "lds_config": config_source()},
            "static_resources": {"clusters": [{
                "name": "xds",
                "load_assignment": {
                    "cluster_name": "xds",
                    "endpoints": [{"lb_endpoints": [{"endpoint": socket}]}],
                },
            }]},
        });
        std::fs::write(self.pod().join("bootstrap.json"), bootstrap.to_string()).unwrap();
        let log = std::fs::File::create(self.dir.path().join("envoy.log")).unwrap();
        let child = Command::new(binary)
            .args(["-c", "bootstrap.json", "--disable-hot-restart", "--use-dynamic-base-id"])
            .args(["--concurrency", "1", "-l", "warning", "--reject-unknown-dynamic-fields"])
            .current_dir(self.pod())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.envoy = Some(child);
        self.until("Envoy is ready", |mesh| mesh.admin("/ready").contains("LIVE"));
    }

    fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            let log = std::fs::read_to_string(self.dir.path().join("envoy.log"));
            assert!(Instant::now() < deadline, "{what}: not in time; {}", log.unwrap_or_default());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn ask(&self, socket: &str, request: &str) -> String {
        let Ok(mut stream) = UnixStream::connect(self.pod().join(socket)) else {
            return String::new();
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn admin(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        self.ask("admin.sock", &request)
    }

    /// A request of the application, as text from status line to body.
    fn get(&self, host: &str, header: &str) -> String {
        let close = "connection: close";
        let request = format!("GET /x HTTP/1.1\r\nhost: {host}\r\n{header}{close}\r\n\r\n");
        self.ask("out/0.0.0.0_8000.sock", &request)
    }

    /// A statistic of the cluster whose name begins so.
    fn count(&self, cluster: &str, statistic: &str) -> u64 {
        let stats = self.admin("/stats");
        let start = format!("cluster.{cluster}");
        let line = stats.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            (name.starts_with(&start) && name.ends_with(&format!(".{statistic}"))).then_some(value)
        });
        line.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
    }

    fn mysql(&self) -> String {
        self.ask("out/127.77.255.3_3306.sock", "")
    }

    /// That Envoy refused nothing so far.
    fn nothing_rejected(&self) {
        let stats = self.admin("/stats?filter=update_rejected|update_failure|lds_rejected");
        let bad: Vec<&str> =
            stats.lines().filter(|line| line.contains(": ") && line.contains("update")).collect();
        assert!(!bad.is_empty(), "no statistics: {stats}");
        assert!(
            bad.iter().all(|line| line.ends_with(": 0")),
            "{bad:#?}\n{}",
            std::fs::read_to_string(self.dir.path().join("envoy.log")).unwrap_or_default()
        );
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        if let Some(envoy) = &mut self.envoy {
            let _ = envoy.kill();
            let _ = envoy.wait();
        }
    }
}

fn case(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/translate");
    world::objects(&std::fs::read_to_string(folder.join(name)).unwrap())
}

const TRAVELS: &str = "travels.travel-agency:8000";
const HOTELS: &str = "hotels.travel-agency:8000";

#[test]
fn envoy_obeys() {
    let binary = binary();
    let mut mesh = Mesh::new();
    mesh.start(&binary);
    plain(&mesh);
    mesh.push(case("fault_delay_and_abort.yaml"));
    mesh.until("the abort", |mesh| mesh.get(TRAVELS, "").contains("fault filter abort"));
    let start = Instant::now();
    assert!(mesh.get(HOTELS, "").contains("hotels-v1"));
    assert!(start.elapsed() >= Duration::from_millis(300), "the delay is missing");
    mesh.push(case("request_routing.yaml"));
    mesh.until("the route", |mesh| mesh.get(TRAVELS, "").starts_with("HTTP/1.1 404"));
    for (portal, version) in [("travels.uk", 1), ("viaggi.it", 2), ("voyages.fr", 3)] {
        let answer = mesh.get(TRAVELS, &format!("portal: {portal}\r\n"));
        assert!(answer.contains(&format!("travels-v{version} ")), "{portal}: {answer}");
    }
    mesh.push(case("tcp_traffic_shifting.yaml"));
    // Without the split each version gets a third.
    mesh.until("the TCP split", |mesh| {
        (0..20).filter(|_| mesh.mysql() == "mysqldb-v1").count() > 12
    });
    let v1 = (0..100).filter(|_| mesh.mysql() == "mysqldb-v1").count();
    assert!((60..=97).contains(&v1), "{v1} of 100 connections went to v1, meant are 80");
    let route = json!([{"destination": {"host": "travels"}}]);
    let hurried = json!({
        "match": [{"headers": {"portal": {"exact": "voyages.fr"}}}],
        "route": route,
        "timeout": "5ms",
    });
    let spec = json!({"hosts": ["travels"], "http": [hurried, {"route": route}]});
    mesh.push(vec![object("VirtualService", "travels", &spec)]);
    let slow = |mesh: &Mesh| mesh.get(TRAVELS, "portal: voyages.fr\r\n");
    mesh.until("the timeout", |mesh| slow(mesh).starts_with("HTTP/1.1 504"));
    assert!(mesh.get(TRAVELS, "").starts_with("HTTP/1.1 200"));
    mesh.nothing_rejected();
    mesh.push(Vec::new());
    mesh.until("nothing of it is left", |mesh| slow(mesh).starts_with("HTTP/1.1 200"));
    plain(&mesh);
}

/// What holds in a mesh without any object.
fn plain(mesh: &Mesh) {
    let own = IpAddr::V4(mesh.proxy.ip).to_string();
    let answer = mesh.get(TRAVELS, "");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("travels-v"), "{answer}");
    assert!(answer.ends_with(&format!("called by {own}")), "the caller is unknown: {answer}");
    // Its own namespace's `travels` is another service.
    let own_travels = mesh.get("travels", "");
    assert!(own_travels.contains("travels-v1"), "{own_travels}");
    assert!(mesh.get("nobody.example", "").starts_with("HTTP/1.1 502"));
    assert!(mesh.mysql().starts_with("mysqldb-v"));
    let through_inbound = mesh.get("voyages.travel-portal", "");
    assert!(through_inbound.contains("voyages-v1"), "{through_inbound}");
    mesh.nothing_rejected();
}

#[test]
fn envoy_shares_breaks_and_mirrors() {
    let binary = binary();
    let mut mesh = Mesh::new();
    mesh.start(&binary);
    mesh.push(case("missing_subset.yaml"));
    mesh.until("no such cluster", |mesh| mesh.get(TRAVELS, "").starts_with("HTTP/1.1 503"));

    mesh.push(case("traffic_shifting.yaml"));
    // Each subset has to have come: one that answers says nothing about the others.
    mesh.until("the subsets", |mesh| {
        (0..20).all(|_| mesh.get(TRAVELS, "").starts_with("HTTP/1.1 200"))
    });
    let v1 = (0..100).filter(|_| mesh.get(TRAVELS, "").contains("travels-v1 ")).count();
    // Binomial, n = 100, p = 0.8: outside of this with a chance below one in a hundred thousand.
    assert!((61..=96).contains(&v1), "{v1} of 100 requests went to v1, meant are 80");

    mesh.push(case("mirroring.yaml"));
    let mirrored = |mesh: &Mesh| mesh.count("outbound|8000|v3|travels", "upstream_rq_total");
    let before = mirrored(&mesh);
    mesh.until("copies", |mesh| {
        let answer = mesh.get(TRAVELS, "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        mirrored(mesh) > before + 5
    });

    mesh.push(case("circuit_breaker.yaml"));
    // How many of 30 at once are refused for the breaker, and how many are served. While the new
    // configuration comes in, which is not in order here, others may find no cluster at all.
    let burst = |mesh: &Mesh| {
        let all = thread::scope(|scope| {
            let requests: Vec<_> = (0..30).map(|_| scope.spawn(|| mesh.get(TRAVELS, ""))).collect();
            requests.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        let full = all.iter().filter(|answer| answer.contains("x-envoy-overloaded")).count();
        let good = all.iter().filter(|answer| answer.starts_with("HTTP/1.1 200")).count();
        (full, good)
    };
    mesh.until("an overflow", |mesh| {
        let (full, good) = burst(mesh);
        full > 10 && good > 0 && full + good == 30
    });
    mesh.push(Vec::new());
    mesh.until("no overflow", |mesh| burst(mesh) == (0, 30));

    eject(&mesh);
    mesh.nothing_rejected();
}

/// A pod that fails is left out after one error, because the rule says so.
fn eject(mesh: &Mesh) {
    let ejection = json!({
        "consecutive5xxErrors": 1,
        "interval": "200ms",
        "baseEjectionTime": "60s",
        "maxEjectionPercent": 100,
    });
    let policy = json!({"outlierDetection": ejection});
    let spec = json!({"host": "hotels", "trafficPolicy": policy});
    let mut broken = mesh.world.clone();
    let dead = TcpListener::bind(SocketAddr::from(([127, 77, 0, 20], 0))).unwrap();
    let hotels = broken.endpoints.iter_mut().find(|pod| pod.service == "hotels").unwrap();
    hotels.address = dead.local_addr().unwrap();
    // Nobody listens there any more.
    drop(dead);
    let world = world::with(broken, vec![object("DestinationRule", "hotels", &spec)]);
    mesh.push_world(&world);
    mesh.until("an ejection", |mesh| {
        let answer = mesh.get(HOTELS, "");
        answer.ends_with("no healthy upstream")
    });
    assert_eq!(mesh.count("outbound|8000||hotels", "outlier_detection.ejections_active"), 1);
}

#[test]
fn envoy_accepts_every_case() {
    let binary = binary();
    let mut mesh = Mesh::new();
    mesh.start(&binary);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/translate");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "yaml"))
        .collect();
    names.sort();
    let updates = |mesh: &Mesh| {
        let stats =
            mesh.admin("/stats?filter=cds.update_attempt|8000.update_attempt|lds.update_attempt");
        let numbers = stats.lines().filter_map(|line| line.rsplit_once(": ")?.1.parse().ok());
        numbers.collect::<Vec<u64>>()
    };
    for name in names {
        let before = updates(&mesh);
        mesh.push(case(&name));
        mesh.until(&name, |mesh| {
            let now = updates(mesh);
            now.len() == before.len() && now.iter().zip(&before).all(|(now, then)| now > then)
        });
        mesh.nothing_rejected();
    }
}
