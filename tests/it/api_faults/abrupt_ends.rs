//! The ends that come too early: signals, panics, full disks, readers that went away. Each is
//! restored all the same, and told by the right exit code.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::fault_proxy::{Rule, Trouble};
use super::shop::{Shop, Street, names};
use crate::local_mesh::discounts;
use crate::program::{Place, Running, arg, eventually, finish};

const KC: &str = "kc";

/// One shop on a mesh of its own.
fn shop() -> (Street, Shop) {
    let (street, mut shops) = Street::open(1);
    (street, shops.remove(0))
}

/// `sh` that ignores this signal and runs the command under this limit.
fn limited(command: &Command, blocks: u32) -> Command {
    let mut limited = Command::new("/bin/sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    limited.args(["-c", &script]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    limited
}

const APPLICATION: &str = "
application: small
namespaces: [small]
services:
  discounts: {namespace: small, port: 8000, versions: [v1]}
portals:
  door: {namespace: small, workload: door, calls: discounts, paths: [/discounts/new]}
";

/// A claim that stays open for as long as load may run.
const UNDECIDED: &str = r#"
Feature: Load
  Scenario: A claim on the edge
    Given every portal sends 50 requests per second
    When 50% of requests to "discounts" are delayed by 100ms
    Then the source of "discounts" sees at least 50% of requests carry flag DI
"#;

#[test]
fn a_signal_during_load_stops_it_and_restores() {
    let place = Place::new();
    let _up = place.up(KC);
    let service = "apiVersion: v1\nkind: Namespace\nmetadata: {name: small, labels: \
                   {istio-injection: enabled}}\n---\napiVersion: v1\nkind: Service\nmetadata: \
                   {name: discounts, namespace: small}\nspec:\n  selector: {app: discounts}\n  \
                   ports: [{name: http, port: 8000}]\n";
    place.kubectl_with(KC, "apply -f -", service);
    place.kubectl_with(KC, "apply -n small -f -", &discounts("discounts", Some("true")));
    place.kubectl(KC, "rollout status deploy/discounts -n small --timeout=120s");
    place.file("application.yaml", APPLICATION);
    let (feature, out) = (place.file("load.feature", UNDECIDED), place.path("out"));
    let slate = || place.kubectl(KC, "get vs,dr,jobs,leases,deploy,svc -n small -o name");
    let before = slate();
    let kubeconfig = place.path(KC);
    let args = ["run", arg(&feature), "--context", "faultless-local", "--kubeconfig"];
    let args = [&args[..], &[arg(&kubeconfig), "--out", arg(&out)]].concat();
    let args = [&args[..], &["--max-load-time", "5m"]].concat();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        // What the run before left.
        let _ = fs::remove_dir_all(&out);
        let run = place.start(&args);
        let events = || fs::read_to_string(out.join("events.jsonl")).unwrap_or_default();
        eventually("load is sent", || events().contains("\"load_progress\""));
        assert!(slate().contains("faultless-discounts"), "the fault is not in the mesh");
        run.signal(signal);
        let (status, said) = run.ended();
        assert_eq!(status.code(), Some(code), "{said}");
        // The Deployment of the load agent is gone with everything else.
        assert_eq!(slate(), before, "{signal}");
        let events = events();
        assert!(events.contains(&format!("\"signal\":\"SIG{signal}\"")), "{events}");
        assert!(events.contains("\"left_behind\":[]"), "{events}");
        assert!(out.join("junit.xml").exists() && out.join("report.html").exists());
    }
    assert_eq!(fs::read_dir(place.path("state/faultless")).unwrap().count(), 0);
}

#[test]
fn a_second_signal_says_what_is_open_and_the_journal_remains() {
    let (_street, shop) = shop();
    shop.proxy.plan(&[Rule::all("DELETE", "", Trouble::Silence)]);
    let run = Running::of(shop.command(&[]));
    eventually("the restore hangs", || shop.proxy.hits() > 0);
    run.signal("TERM");
    let record = shop.place.path("out/events.jsonl");
    let events = || fs::read_to_string(&record).unwrap_or_default();
    eventually("the first one is heard", || events().contains("SIGTERM"));
    run.signal("INT");
    let asked = Instant::now();
    let (status, said) = run.ended();
    assert!(asked.elapsed() < Duration::from_secs(5), "it is to end at once: {said}");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("stopped by a second signal"), "{said}");
    assert!(said.contains("`faultless recover` finishes it"), "{said}");
    let open = said.split("not undone:").nth(1).unwrap();
    let open = open.split("the journal remains").next().unwrap();
    let mut ours = shop.ours();
    // The Lease is no change of the mesh: it runs out by itself, and `recover` gives it back.
    ours.retain(|object| !object.starts_with("Lease"));
    assert_eq!(names(open), ours, "{said}");
    assert_eq!(shop.journals().len(), 1);
    let recovered = shop.recover(&[]);
    assert_eq!(recovered.code, Some(0), "{recovered:?}");
    shop.is_restored("after a second signal");
}

#[test]
fn a_signal_during_a_write_waits_for_its_answer() {
    let (_street, shop) = shop();
    let slow = Trouble::Slow(Duration::from_secs(2));
    for (verb, kind) in [("POST", "virtualservices"), ("PATCH", "virtualservices")] {
        shop.proxy.plan(&[Rule::first(1, verb, kind, slow)]);
        let run = Running::of(shop.command(&["--no-dead-man"]));
        eventually("the write is on its way", || shop.proxy.hits() > 0);
        let asked = Instant::now();
        run.signal("INT");
        let (status, said) = run.ended();
        assert_eq!(status.code(), Some(130), "{said}");
        // A write that was given up arrives later than this.
        while asked.elapsed() < Duration::from_secs(3) {
            shop.is_restored(verb);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_panic_in_a_step_is_restored() {
    let (_street, shop) = shop();
    let mut panics = 0;
    for record in 1..40 {
        let mut command = shop.command(&[]);
        command.env("FAULTLESS_TEST_KILL_AT", format!("{record}:panic"));
        let said = finish(command);
        assert!(matches!(said.code, Some(0 | 3)), "{record}: {said:?}");
        if said.code == Some(3) {
            panics += 1;
            assert!(said.stdout.contains("wants a panic"), "{record}: {said:?}");
        }
        shop.is_restored(&format!("a panic at record {record}"));
    }
    // Two objects changed, two added, and their two switches; the watchdog's four and its own
    // switch.
    assert_eq!(panics, 11);
}

#[test]
fn a_full_disk_is_told_and_restored() {
    let (_street, shop) = shop();
    let (mut before, mut during, mut after) = (0, 0, 0);
    for blocks in 1..=12 {
        let said = finish(limited(&shop.command(&["--no-dead-man", "--verbose"]), blocks));
        assert_eq!(said.code, Some(3), "{blocks} blocks: {said:?}");
        let all = format!("{}{}", said.stdout, said.stderr);
        let journal = all.contains("writing the journal");
        *match (journal, all.contains("(changed, was there before")) {
            (true, false) => &mut before,
            (true, true) => &mut during,
            (false, _) => &mut after,
        } += 1;
        assert!(said.stderr.contains("report.html: File too large"), "{blocks} blocks: {said:?}");
        shop.is_restored(&format!("{blocks} blocks"));
    }
    println!("full before {before}, during {during}, after {after} runs");
    assert!(before > 0 && during > 0 && after > 0, "{before}, {during}, {after}");
    // The record is lost, and how the run ended is told all the same.
    let slow = Rule::first(1, "PATCH", "virtualservices", Trouble::Slow(Duration::from_secs(1)));
    shop.proxy.plan(&[slow]);
    let run = Running::of(limited(&shop.command(&["--no-dead-man"]), 8));
    eventually("a write is on its way", || shop.proxy.hits() > 0);
    run.signal("HUP");
    let (status, said) = run.ended();
    assert_eq!(status.code(), Some(129), "{said}");
    assert!(said.contains("report.html"), "{said}");
    shop.is_restored("a signal on a full disk");
}

#[test]
fn a_record_that_cannot_be_written_hides_no_error() {
    let place = Place::new();
    let (out, kubeconfig) = (place.path("out"), place.file(KC, "apiVersion: v1\nkind: Config\n"));
    fs::create_dir(&out).unwrap();
    symlink("/dev/full", out.join("events.jsonl")).unwrap();
    let args = ["run", "--context", "none", "--kubeconfig", arg(&kubeconfig), "--out", arg(&out)];
    let said = place.run(&args);
    assert_eq!(said.code, Some(2), "{said:?}");
    for word in ["no such context", "events.jsonl", "No space left on device"] {
        assert!(said.stderr.contains(word), "`{word}` is not in:\n{}", said.stderr);
    }
    let junit = fs::read_to_string(out.join("junit.xml")).unwrap();
    assert!(junit.contains("no such context"), "{junit}");
}

#[test]
fn a_reader_that_went_away_does_not_end_a_run() {
    let (_street, shop) = shop();
    let mut child = shop.command(&[]).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let mut status = None;
    eventually("the run ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0));
    shop.is_restored("nobody listens");
}
