//! Pushes to a real Envoy: what it accepts is known at once, what it rejects is known with its
//! reason, and the earlier configuration stays.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::*;
use crate::control_plane::nonces::{Cause, Push};
use crate::control_plane::target::Told;
use crate::control_plane::{Ack, ControlPlane, ProxyStatus, xds};
use crate::envoy::admin::Admin;
use crate::envoy::{Envoy, Spec, fetch};
use crate::network::{Network, PodNet, Workload};
use crate::registry::{Registry, fresh_uid};
use crate::translate::config_source;

/// A proxy with its Envoy and its tasks.
struct Proxy {
    dir: tempfile::TempDir,
    control_plane: ControlPlane,
    connection: Arc<Connection>,
    envoy: Option<Envoy>,
    tasks: JoinSet<()>,
    version: u64,
}

fn pod(dir: &Path, number: u8) -> PodNet {
    PodNet {
        namespace: "test".to_owned(),
        name: format!("pod{number}"),
        uid: String::new(),
        ip: [127, 78, 0, number].into(),
        labels: BTreeMap::new(),
        workload: Workload {
            name: "pod".to_owned(),
            namespace: "test".to_owned(),
            app: "pod".to_owned(),
            version: "v1".to_owned(),
            canonical_name: "pod".to_owned(),
            canonical_revision: "v1".to_owned(),
        },
        dir: dir.to_owned(),
        sidecar: true,
        ports: Vec::new(),
        telemetry: None,
    }
}

fn named(name: &str, value: Value) -> BTreeMap<String, Value> {
    BTreeMap::from([(name.to_owned(), value)])
}

/// One listener on `out/<port>.sock`, one route of that name that answers with `body`, one cluster.
fn resources(port: u16, body: &str) -> Resources {
    let hcm = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.\
               HttpConnectionManager";
    let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    let name = format!("0.0.0.0_{port}");
    let listener = json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": name,
        "address": { "pipe": { "path": format!("out/{port}.sock") } },
        "filter_chains": [{ "filters": [{ "name": "hcm", "typed_config": {
            "@type": hcm,
            "stat_prefix": format!("outbound_{name};"),
            "rds": { "route_config_name": port.to_string(), "config_source": config_source() },
            "http_filters": [{ "name": "router", "typed_config": { "@type": router } }],
        } }] }],
    });
    let route = json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": port.to_string(),
        "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [{
            "match": { "prefix": "/" },
            "direct_response": { "status": 200, "body": { "inline_string": body } },
        }] }],
    });
    Resources {
        clusters: named(&cluster_name("x"), cluster("x")),
        listeners: named(&name, listener),
        routes: named(&port.to_string(), route),
    }
}

fn cluster_name(service: &str) -> String {
    format!("outbound|8000||{service}.test.svc.cluster.local")
}

fn cluster(service: &str) -> Value {
    let name = cluster_name(service);
    json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "alt_stat_name": format!("{name};"),
        "eds_cluster_config": { "service_name": name, "eds_config": config_source() },
    })
}

fn endpoints(service: &str, port: u16) -> Value {
    let address = json!({ "address": "127.78.0.250", "port_value": port });
    json!({
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": cluster_name(service),
        "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": { "socket_address": address } } },
        ] }],
    })
}

fn set(resources: &mut BTreeMap<String, Value>, field: &str, value: &Value) {
    for resource in resources.values_mut() {
        *resource.pointer_mut(field).expect("the field") = value.clone();
    }
}

impl Proxy {
    async fn start(number: u8) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let control_plane = ControlPlane::new(Registry::default(), Network::default());
        let listener = xds::listen(dir.path()).expect("a socket");
        let pod = Arc::new(pod(&dir.path().join("pod"), number));
        std::fs::create_dir(&pod.dir).expect("a folder");
        let connection = Arc::new(Connection::new(Arc::clone(&pod)));
        let known = Arc::clone(&connection);
        control_plane.proxies().connections.insert(connection.name(), known);
        let mut tasks = JoinSet::new();
        // Without the planner, whose part these tests play.
        let known = control_plane.clone();
        let find = move |node: &str| known.connection(node);
        tasks.spawn(xds::serve(listener, find));
        let mut proxy = Self { dir, control_plane, connection, envoy: None, tasks, version: 0 };
        proxy.send(resources(8000, "first"));
        proxy.connection.offer_first();
        proxy.tasks.spawn(follow(Arc::clone(&proxy.connection)));
        proxy.run().await;
        proxy
    }

    /// Starts its Envoy.
    async fn run(&mut self) {
        let shim = self.dir.path().join("shim");
        std::fs::write(&shim, "#!/bin/sh\nshift 3\nexec \"$@\"\n").expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&shim, mode).expect("a script");
        let pod = &self.connection.pod;
        let spec = Spec {
            binary: fetch::find(None, &|line| eprintln!("{line}")).expect("an Envoy"),
            shim,
            dir: pod.dir.clone(),
            xds: self.dir.path().join(xds::SOCKET),
            node: pod.node(),
        };
        let log = Arc::new(|line: String| eprintln!("{line}"));
        let log = self.control_plane.listening(pod, log);
        let mut envoy = Envoy::spawn(spec, log).await.expect("started");
        envoy.ready().await.expect("ready");
        self.envoy = Some(envoy);
    }

    /// Plans a target, as the control plane does; returns its version.
    fn send(&mut self, resources: Resources) -> u64 {
        self.send_with(resources, BTreeMap::new())
    }

    fn send_with(&mut self, resources: Resources, endpoints: BTreeMap<String, Value>) -> u64 {
        let offer = |(name, value)| (name, Arc::new(Offer::new([&value])));
        self.version += 1;
        let version = format!("2026-08-27T12:45:20Z/{}", self.version);
        let push = Push { version, time: "2026-08-27T12:45:20Z".to_owned() };
        let old = self.connection.target.borrow().clone();
        let nonces = old.as_ref().map(|old| old.nonces.clone()).unwrap_or_default();
        let old = old.as_ref().map(|old| &old.told.resources);
        let cause = Cause { endpoints: true, ..Cause::default() };
        let nonces = nonces.pushed(&push, old, &resources, cause, fresh_uid);
        self.connection.target.send_replace(Some(Arc::new(Target {
            version: self.version,
            told: Arc::new(Told::new(resources)),
            endpoints: Arc::new(endpoints.into_iter().map(offer).collect()),
            nonces,
        })));
        self.version
    }

    /// Waits until the status is so.
    async fn until(&self, what: &str, so: impl Fn(&ProxyStatus) -> bool) -> ProxyStatus {
        let start = Instant::now();
        loop {
            let status = self.connection.status();
            if so(&status) {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "no {what}: {status:?}");
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until all of this is delivered and accepted.
    async fn observed(&self, version: u64) {
        // An Envoy that began again takes some time to ask for the last of it once more.
        let accepted = |status: &ProxyStatus| {
            let done = |ack: &Ack| ack.sent == ack.acked && ack.refused.is_none();
            status.types.len() == 4 && status.types.values().all(done)
        };
        let so = |status: &ProxyStatus| status.observed >= version && accepted(status);
        let status = self.until("delivery", so).await;
        assert_eq!(status.error, None);
    }

    /// What a listener answers.
    async fn body(&self, port: u16) -> String {
        let socket = self.connection.pod.dir.join(format!("out/{port}.sock"));
        Admin::new(socket).get("/").await.map_or_else(|error| error.to_string(), |a| a.body)
    }

    async fn admin(&self, path: &str) -> String {
        self.connection.admin.get(path).await.expect("an answer").body
    }

    async fn stop(mut self) {
        self.envoy.take().expect("it runs").stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_in_effect() {
    let mut proxy = Proxy::start(1).await;
    proxy.observed(1).await;
    for body in ["two", "three", "two"] {
        let version = proxy.send(resources(8000, body));
        proxy.observed(version).await;
        assert_eq!(proxy.body(8000).await, body);
    }
    // Only what changed was sent: each of the others was asked for and answered once.
    let stats = proxy.admin("/stats?filter=update_(success|failure|rejected)$").await;
    let number = |of: &str| stats.lines().find_map(|line| line.strip_prefix(of)?.parse().ok());
    assert_eq!(number("cluster_manager.cds.update_success: "), Some(1_u64), "{stats}");
    assert_eq!(number("listener_manager.lds.update_success: "), Some(1), "{stats}");
    assert_eq!(number("http.outbound_0.0.0.0_8000;.rds.8000.update_success: "), Some(4), "{stats}");
    assert_eq!(number("http.outbound_0.0.0.0_8000;.rds.8000.update_failure: "), Some(0), "{stats}");
    proxy.stop().await;
}

/// A bad configuration: where it is rejected and for what reason.
fn broken(which: usize) -> (Resources, &'static str, &'static str) {
    let mut bad = resources(8000, "bad");
    match which {
        0 => {
            set(&mut bad.routes, "/virtual_hosts/0/routes/0/match", &json!({}));
            (bad, "rds/8000 rejected: ", "Match")
        }
        1 => {
            set(&mut bad.clusters, "/alt_stat_name", &json!(["not", "text"]));
            (bad, "cds rejected: ", "alt_stat_name")
        }
        2 => {
            bad.clusters.insert(
                "bad".to_owned(),
                json!({
                    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
                    "name": "bad", "no_such_field": 1,
                }),
            );
            (bad, "cds rejected: ", "no_such_field")
        }
        _ => {
            set(&mut bad.listeners, "/address/pipe/path", &json!("/nonexistent/x"));
            (bad, "lds rejected: ", "/nonexistent/x")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_known_with_its_reason_and_the_old_stays() {
    let mut proxy = Proxy::start(2).await;
    proxy.observed(1).await;
    for which in 0..4 {
        let (bad, key, reason) = broken(which);
        proxy.send(bad);
        let status = proxy.until("rejection", |status| status.error.is_some()).await;
        let error = status.error.expect("it was waited for");
        assert!(error.starts_with(key) && error.contains(reason), "{which}: {error}");
        // As istiod shows it: one type is refused, its nonce is sent and not accepted.
        let refused: Vec<&Ack> =
            status.types.values().filter(|ack| ack.refused.is_some()).collect();
        assert!(matches!(refused.as_slice(), [only] if only.sent != only.acked), "{refused:?}");
        assert!(refused[0].refused.as_ref().is_some_and(|why| why.contains(reason)));
        if which < 3 {
            assert_eq!(proxy.body(8000).await, "first");
        }
        // The same again is still rejected, which is known without asking Envoy again.
        let rejected = proxy.admin("/stats?filter=update_rejected$").await;
        let version = proxy.send(broken(which).0);
        sleep(Duration::from_millis(100)).await;
        let again = proxy.connection.status();
        assert!(again.observed < version && again.error.expect("still").contains(reason));
        assert_eq!(proxy.admin("/stats?filter=update_rejected$").await, rejected);
        let version = proxy.send(resources(8000, "first"));
        proxy.until("an end of the error", |status| status.error.is_none()).await;
        proxy.observed(version).await;
        assert_eq!(proxy.body(8000).await, "first");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_cluster_goes_last() {
    let mut proxy = Proxy::start(3).await;
    proxy.observed(1).await;
    let mut next = resources(8000, "one");
    next.clusters = named(&cluster_name("y"), cluster("y"));
    let version = proxy.send(next);
    proxy.observed(version).await;
    let clusters = proxy.admin("/clusters").await;
    assert!(clusters.contains("||y.test") && !clusters.contains("||x.test"), "{clusters}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_and_listeners_come_and_go() {
    let mut proxy = Proxy::start(4).await;
    proxy.observed(1).await;
    for port in [4001, 4002] {
        let told = resources(8000, "one");
        let version = proxy.send_with(told, named(&cluster_name("x"), endpoints("x", port)));
        proxy.observed(version).await;
        let clusters = proxy.admin("/clusters").await;
        let other = 4001 + 4002 - port;
        let has = |port: u16| clusters.contains(&format!("127.78.0.250:{port}"));
        assert!(has(port) && !has(other), "{clusters}");
    }
    // A changed cluster is another one for Envoy, and asks for its endpoints anew.
    let mut both = resources(8000, "one");
    let timeout = "/eds_cluster_config/eds_config/api_config_source/request_timeout";
    set(&mut both.clusters, timeout, &json!("601s"));
    let more = resources(9000, "more");
    both.listeners.extend(more.listeners);
    both.routes.extend(more.routes);
    let version = proxy.send(both);
    proxy.observed(version).await;
    assert_eq!((proxy.body(8000).await, proxy.body(9000).await), ("one".into(), "more".into()));
    let version = proxy.send(resources(9000, "more"));
    proxy.observed(version).await;
    let listeners = proxy.admin("/listeners").await;
    assert!(listeners.contains("_9000") && !listeners.contains("_8000"), "{listeners}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envoy_that_is_started_again_is_told_all_again() {
    let mut proxy = Proxy::start(5).await;
    let version = proxy.send(resources(8000, "two"));
    proxy.observed(version).await;
    proxy.envoy.take().expect("it runs").stop().await;
    proxy.run().await;
    assert_eq!(proxy.body(8000).await, "two");
    proxy.observed(version).await;
    let version = proxy.send(resources(8000, "three"));
    proxy.observed(version).await;
    assert_eq!(proxy.body(8000).await, "three");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_is_not_answered() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let connection = Arc::new(Connection::new(Arc::new(pod(dir.path(), 6))));
    let asking = Arc::clone(&connection);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { asking.ask(1, Kind::Clusters, "", "").await });
    assert!(timeout(Duration::from_millis(50), tasks.join_next()).await.is_err());
    connection.leave();
    let answer = timeout(Duration::from_secs(5), tasks.join_next()).await.expect("an end");
    assert_eq!(answer.expect("a task").expect("no panic"), None);
}
