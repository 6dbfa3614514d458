//! Real Envoys: start, ready, stop; a crash is noticed; none outlives its parent.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faultless::local::envoy::bootstrap::{cds_file, lds_file};
use faultless::local::envoy::{Envoy, Spec, admin, fetch};
use faultless::local::image::Log;
use serde_json::json;

const FAULTLESS: &str = env!("CARGO_BIN_EXE_faultless");

/// A pod folder with an empty first configuration.
fn pod() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for file in [cds_file(dir.path()), lds_file(dir.path())] {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        let empty = json!({ "version_info": "0", "resources": [] });
        std::fs::write(file, empty.to_string()).expect("a file");
    }
    dir
}

fn spec(dir: &Path) -> Spec {
    let binary = fetch::find(None, &|line| eprintln!("{line}")).expect("an Envoy");
    let node = "sidecar~127.77.0.9~pod.test~test.svc.cluster.local".to_owned();
    Spec { binary, shim: FAULTLESS.into(), dir: dir.to_owned(), node }
}

fn log() -> (Log, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = Arc::clone(&lines);
    (Arc::new(move |line| to.lock().expect("no panic").push(line)), lines)
}

fn alive(pid: i32) -> bool {
    // A zombie has ended; only its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

fn wait_for_end(pid: i32) {
    let start = Instant::now();
    while alive(pid) {
        assert!(start.elapsed() < Duration::from_secs(10), "{pid} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn an_envoy_gets_ready_and_ends_when_told() {
    let dir = pod();
    let mut envoy = Envoy::spawn(spec(dir.path()), log().0).await.expect("started");
    envoy.ready().await.expect("ready");
    let pid = envoy.pid().expect("it runs").as_raw_nonzero().get();
    let answer = admin::get(&dir.path().join(admin::SOCKET), "/server_info").await.expect("asked");
    assert!(answer.body.contains("sidecar~127.77.0.9~pod.test"), "{}", answer.body);
    envoy.stop().await;
    assert!(!alive(pid));
}

#[tokio::test]
async fn a_crash_is_noticed() {
    let dir = pod();
    let mut envoy = Envoy::spawn(spec(dir.path()), log().0).await.expect("started");
    envoy.ready().await.expect("ready");
    let pid = envoy.pid().expect("it runs");
    rustix::process::kill_process(pid, rustix::process::Signal::SEGV).expect("killed");
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

#[test]
fn a_child_dies_with_its_parent_even_by_sigkill() {
    // The parent is a shell that starts the shim and then waits; what the shim becomes writes its
    // pid, so the test knows whom to look for.
    let script = format!("{FAULTLESS} envoy-shim $$ -- /bin/sh -c 'echo $$; exec sleep 60' & wait");
    let mut parent = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    let stdout = parent.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a pid");
    let child: i32 = line.trim().parse().expect("a pid");
    assert!(alive(child));
    parent.kill().expect("killed");
    assert_eq!(parent.wait().expect("ended").signal(), Some(9));
    wait_for_end(child);
}

#[test]
fn a_child_whose_parent_is_gone_already_does_not_start() {
    let output = Command::new(FAULTLESS)
        .args(["envoy-shim", "1", "--", "/bin/echo", "started"])
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.stdout.is_empty() && stderr.contains("already ended"), "{stderr}");
    assert_eq!(output.status.code(), Some(3));
    std::io::stderr().write_all(&output.stderr).expect("shown");
}
