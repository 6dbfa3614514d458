//! Real Envoys: start, ready, stop; what goes wrong is told.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use super::*;
use crate::control_plane::{ControlPlane, xds};
use crate::envoy::admin::Admin;
use crate::envoy::fetch;
use crate::network::{Network, PodNet, Workload};
use crate::registry::Registry;

/// A pod's folder with a control plane that tells it nothing.
struct Pod {
    dir: tempfile::TempDir,
    // Ends with the pod.
    _tasks: JoinSet<()>,
}

impl Deref for Pod {
    type Target = tempfile::TempDir;

    fn deref(&self) -> &Self::Target {
        &self.dir
    }
}

fn pod() -> Pod {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let control_plane = ControlPlane::new(Registry::default(), Network::default());
    let listener = xds::listen(dir.path()).expect("a socket");
    let word = |word: &str| word.to_owned();
    control_plane.join(Arc::new(PodNet {
        namespace: word("test"),
        name: word("pod"),
        uid: String::new(),
        ip: [127, 77, 0, 9].into(),
        labels: BTreeMap::new(),
        workload: Workload {
            name: word("pod"),
            namespace: word("test"),
            app: word("pod"),
            version: word("v1"),
            canonical_name: word("pod"),
            canonical_revision: word("v1"),
        },
        dir: dir.path().to_owned(),
        sidecar: true,
        ports: Vec::new(),
        telemetry: None,
    }));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { control_plane.run(listener).await });
    Pod { dir, _tasks: tasks }
}

/// A script in the place of our own binary, which a unit test cannot know.
fn shim(dir: &Path) -> PathBuf {
    let path = dir.join("shim");
    std::fs::write(&path, "#!/bin/sh\nshift 3\nexec \"$@\"\n").expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("a script");
    path
}

fn spec(dir: &Path) -> Spec {
    let binary = fetch::find(None, &|line| eprintln!("{line}")).expect("an Envoy");
    let node = "sidecar~127.77.0.9~pod.test~test.svc.cluster.local".to_owned();
    Spec { binary, shim: shim(dir), dir: dir.to_owned(), xds: dir.join(xds::SOCKET), node }
}

fn log() -> (Log, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&lines);
    (Arc::new(move |line| to.lock().expect("no panic").push(line)), lines)
}

/// Whether a process is there and has not ended (a zombie has).
fn alive(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn an_envoy_gets_ready_and_ends_when_told() {
    let dir = pod();
    let mut envoy = Envoy::spawn(spec(dir.path()), log().0).await.expect("started");
    envoy.ready().await.expect("ready");
    let pid = envoy.pid().expect("it runs");
    let admin = Admin::new(dir.path().join(admin::SOCKET));
    let answer = admin.get("/server_info").await.expect("asked");
    assert!(answer.body.contains("sidecar~127.77.0.9~pod.test"), "{}", answer.body);
    envoy.stop().await;
    assert!(!alive(pid));
}

#[tokio::test]
async fn an_admin_is_found_again_after_envoy_began_again() {
    let dir = pod();
    let admin = Admin::new(dir.path().join(admin::SOCKET));
    assert!(admin.get("/ready").await.is_err() && admin.process().is_none());
    for _ in 0..2 {
        let mut envoy = Envoy::spawn(spec(dir.path()), log().0).await.expect("started");
        envoy.ready().await.expect("ready");
        let pid = envoy.pid().expect("it runs");
        for path in ["/ready", "/stats?filter=server", "/ready"] {
            assert_eq!(admin.get(path).await.expect("asked").status, 200, "{path}");
            assert_eq!(admin.process(), Some(pid.as_raw_nonzero().get()));
        }
        envoy.stop().await;
    }
}

#[tokio::test]
async fn a_crash_is_noticed() {
    let dir = pod();
    let mut envoy = Envoy::spawn(spec(dir.path()), log().0).await.expect("started");
    envoy.ready().await.expect("ready");
    let pid = envoy.pid().expect("it runs");
    kill_process(pid, Signal::SEGV).expect("killed");
    let how = envoy.ended().await;
    assert!(how.contains("signal: 11"), "{how}");
}

#[tokio::test]
async fn an_envoy_that_cannot_start_says_why() {
    let dir = pod();
    // Envoy cannot bind its admin socket over a folder.
    std::fs::create_dir(dir.path().join(admin::SOCKET)).expect("a folder");
    let (log, lines) = log();
    let mut envoy = Envoy::spawn(spec(dir.path()), log).await.expect("started");
    let error = envoy.ready().await.expect_err("it cannot").to_string();
    assert!(error.contains("exit status: 1") && error.contains("admin.sock"), "{error}");
    assert!(!lines.lock().expect("no panic").is_empty());
}
