//! Deliveries to a real Envoy: what it accepts is known at once, what it rejects is known with its
//! reason, and the earlier configuration stays.

use tokio::task::JoinSet;

use super::*;
use crate::local::envoy::{Envoy, Spec, fetch};
use crate::local::network::Workload;

/// A proxy with its Envoy and its task.
struct Proxy {
    dir: tempfile::TempDir,
    member: Arc<Member>,
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

/// One listener on a socket in `dir`, one route `8000` that answers with `body`, one EDS cluster.
fn resources(dir: &Path, body: &str) -> Resources {
    let hcm = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.\
               HttpConnectionManager";
    let router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
    let listener = json!({
        "name": "0.0.0.0_8000",
        "address": { "pipe": { "path": dir.join("out/8000.sock") } },
        "filter_chains": [{ "filters": [{ "name": "hcm", "typed_config": {
            "@type": hcm,
            "stat_prefix": "outbound_0.0.0.0_8000;",
            "rds": { "route_config_name": "8000",
                     "config_source": bootstrap::watched(&bootstrap::rds_file(dir, "8000")) },
            "http_filters": [{ "name": "router", "typed_config": { "@type": router } }],
        } }] }],
    });
    let route = json!({
        "name": "8000",
        "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [{
            "match": { "prefix": "/" },
            "direct_response": { "status": 200, "body": { "inline_string": body } },
        }] }],
    });
    let named = |name: &str, value: Value| BTreeMap::from([(name.to_owned(), value)]);
    Resources {
        clusters: named("outbound|8000||x.test.svc.cluster.local", cluster(dir, "x")),
        listeners: named("0.0.0.0_8000", listener),
        routes: named("8000", route),
    }
}

fn cluster(dir: &Path, service: &str) -> Value {
    let name = format!("outbound|8000||{service}.test.svc.cluster.local");
    json!({
        "name": name,
        "type": "EDS",
        "alt_stat_name": format!("{name};"),
        "eds_cluster_config": { "eds_config": bootstrap::watched(&eds(dir, service)) },
    })
}

fn eds(dir: &Path, service: &str) -> std::path::PathBuf {
    dir.join("eds").join(format!("{service}.json"))
}

impl Proxy {
    async fn start(number: u8, first: impl Fn(&Path) -> Resources) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(dir.path().join("eds")).expect("a folder");
        let member = Arc::new(Member::new(Arc::new(pod(dir.path(), number))));
        let mut proxy = Self { dir, member, envoy: None, tasks: JoinSet::new(), version: 0 };
        proxy.send(first(proxy.dir.path()));
        proxy.member.write_first().expect("written");
        proxy.tasks.spawn(follow(Arc::clone(&proxy.member)));
        let shim = proxy.dir.path().join("shim");
        std::fs::write(&shim, "#!/bin/sh\nshift 3\nexec \"$@\"\n").expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&shim, mode).expect("a script");
        let binary = fetch::find(None, &|line| eprintln!("{line}")).expect("an Envoy");
        let node = format!("sidecar~127.78.0.{number}~pod.test~test.svc.cluster.local");
        let spec = Spec { binary, shim, dir: proxy.dir.path().to_owned(), node };
        let log = Arc::new(|line: String| eprintln!("{line}"));
        let mut envoy = Envoy::spawn(spec, log).await.expect("started");
        envoy.ready().await.expect("ready");
        proxy.envoy = Some(envoy);
        proxy
    }

    /// Plans a target, as the control plane does; returns its version.
    fn send(&mut self, resources: Resources) -> u64 {
        let dir = self.dir.path();
        let mut endpoints = BTreeMap::new();
        for (_, cluster) in eds_clusters(&resources) {
            let (version, text) = response(EDS, [&json!({ "cluster_name": cluster })]);
            let service = cluster.split(['|', '.']).nth(3).expect("its name");
            replace(dir, &eds(dir, service), &text).expect("written");
            endpoints.insert(cluster.to_owned(), version);
        }
        self.version += 1;
        self.member.target.send_replace(Some(Arc::new(Target {
            version: self.version,
            resources: Arc::new(resources),
            endpoints: Arc::new(endpoints),
        })));
        self.version
    }

    /// Waits until the status is so.
    async fn until(&self, what: &str, so: impl Fn(&ProxyStatus) -> bool) -> ProxyStatus {
        let start = Instant::now();
        loop {
            let status = self.member.status();
            if so(&status) {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "no {what}: {status:?}");
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn observed(&self, version: u64) -> ProxyStatus {
        self.until("delivery", |status| status.observed >= version).await
    }

    /// What the listener answers.
    async fn body(&self) -> String {
        let socket = self.dir.path().join("out/8000.sock");
        admin::get(&socket, "/").await.expect("an answer").body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_in_effect() {
    let mut proxy = Proxy::start(1, |dir| resources(dir, "one")).await;
    let status = proxy.observed(1).await;
    assert_eq!(status.error, None);
    for ack in [status.cluster, status.listener, status.route, status.endpoint] {
        assert!(!ack.sent.is_empty());
        assert_eq!(ack.sent, ack.acked);
    }
    for body in ["two", "three", "two"] {
        let version = proxy.send(resources(proxy.dir.path(), body));
        proxy.observed(version).await;
        // The main thread has accepted; the workers are told right after.
        sleep(Duration::from_millis(20)).await;
        assert_eq!(proxy.body().await, body);
    }
    proxy.envoy.take().expect("it runs").stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_known_with_its_reason_and_the_old_stays() {
    let mut proxy = Proxy::start(2, |dir| resources(dir, "good")).await;
    proxy.observed(1).await;
    let dir = proxy.dir.path().to_owned();
    let broken = |which: usize| {
        let mut bad = resources(&dir, "bad");
        let set = |resources: &mut BTreeMap<String, Value>, field: &str, value: Value| {
            for resource in resources.values_mut() {
                *resource.pointer_mut(field).expect("the field") = value.clone();
            }
        };
        match which {
            0 => set(&mut bad.routes, "/virtual_hosts/0/routes/0/match", json!({})),
            1 => set(&mut bad.clusters, "/alt_stat_name", json!(["not", "text"])),
            _ => set(&mut bad.listeners, "/address/pipe/path", json!("/nonexistent/x")),
        }
        bad
    };
    let cases = [
        ("rds/8000 rejected: ", "Match"),
        ("cds rejected: ", "alt_stat_name"),
        ("lds rejected: ", "/nonexistent/x"),
    ];
    for (which, (key, reason)) in cases.into_iter().enumerate() {
        proxy.send(broken(which));
        let status = proxy.until("rejection", |status| status.error.is_some()).await;
        let error = status.error.expect("it was waited for");
        assert!(error.starts_with(key) && error.contains(reason), "{which}: {error}");
        if which < 2 {
            assert_eq!(proxy.body().await, "good");
        }
        // The same again is still rejected, and known to be without a new file.
        let version = proxy.send(broken(which));
        sleep(Duration::from_millis(100)).await;
        let again = proxy.member.status();
        assert!(again.observed < version && again.error.expect("still").contains(reason));
        let version = proxy.send(resources(&dir, "good"));
        let status = proxy.observed(version).await;
        assert_eq!(status.error, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_cluster_goes_last() {
    let mut proxy = Proxy::start(3, |dir| resources(dir, "one")).await;
    proxy.observed(1).await;
    let mut next = resources(proxy.dir.path(), "one");
    next.clusters.clear();
    let other = cluster(proxy.dir.path(), "y");
    next.clusters.insert("outbound|8000||y.test.svc.cluster.local".to_owned(), other);
    let version = proxy.send(next);
    proxy.observed(version).await;
    let socket = proxy.dir.path().join(admin::SOCKET);
    let clusters = admin::get(&socket, "/clusters").await.expect("asked").body;
    assert!(clusters.contains("||y.test") && !clusters.contains("||x.test"), "{clusters}");
}
