//! That a watchdog waits while its run lives, gives back what the run changed when it is silent,
//! and touches nothing else; that its Role is enough for all it does; and that a run refuses
//! without.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::args::WatchdogArgs;
use super::covered::Watchdogs;
use super::manifests::rules;
use super::watch::{LOOK, watch};
use crate::cluster::ObjectRef;
use crate::cluster::image::VERSION;
use crate::cluster::rights::{Need, Place, covers};
use crate::safety::applier::Applier;
use crate::safety::deadman::{DeadMan, LATER, WATCHDOG};
use crate::safety::journal::{Header, Journal, Scope};
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};
use crate::safety::testing::Fake;
use crate::safety::undo::Marks;
use crate::safety::watchdog::said::WATCHING;

const ISTIO: &str = "/apis/networking.istio.io/v1/namespaces/a";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/a/deployments";
const JOB: &str = "/apis/batch/v1/namespaces/a/jobs/faultless-r1-last";

fn charge() -> WatchdogArgs {
    let within = Duration::from_secs(10);
    let runner = VERSION.to_owned();
    WatchdogArgs { run: "r1".to_owned(), namespace: "a".to_owned(), within, runner }
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let api_version = match kind {
        "Deployment" => "apps/v1",
        _ => "networking.istio.io/v1",
    };
    let metadata = json!({"name": name, "namespace": "a", "labels": {"team": "x"}});
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
}

/// Puts an object there and changes it as a run does.
async fn changed(fake: &Fake, path: &str, before: Value, spec: Value, run: &str) {
    fake.put(path, before);
    let there = fake.get(path).unwrap();
    let patch = Marks::change(&there, &spec, run).unwrap();
    fake.cluster().patch(&ObjectRef::of(&there).unwrap(), patch).await.unwrap();
}

fn pushed(fake: &Fake, seconds: u64) {
    let metadata = json!({"name": "faultless-r1-last", "namespace": "a", "uid": "j",
        "annotations": {WATCHDOG: "starting"}});
    let spec = json!({"activeDeadlineSeconds": seconds});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});
    fake.put(JOB, job);
}

/// Of what a run changed, one was changed by somebody else since, and one is of another run.
async fn mesh() -> Fake {
    let fake = Fake::default();
    pushed(&fake, 300);
    let spec = |timeout: &str| json!({"hosts": ["x"], "http": [{"timeout": timeout}]});
    for (name, run) in [("mine", "r1"), ("edited", "r1"), ("theirs", "r2")] {
        let path = format!("{ISTIO}/virtualservices/{name}");
        let before = object("VirtualService", name, spec("1s"));
        changed(&fake, &path, before, spec("2s"), run).await;
    }
    let path = format!("{ISTIO}/virtualservices/edited");
    let mut edited = fake.get(&path).unwrap();
    edited["spec"] = spec("77s");
    fake.put(&path, edited);
    let rule = object("DestinationRule", "mine", json!({"host": "x"}));
    let policy = json!({"host": "x", "trafficPolicy": {}});
    changed(&fake, &format!("{ISTIO}/destinationrules/mine"), rule, policy, "r1").await;
    let deployment = object("Deployment", "mine", json!({"replicas": 1}));
    let none = json!({"replicas": 0});
    changed(&fake, &format!("{DEPLOYMENTS}/mine"), deployment, none, "r1").await;
    let mut added = object("VirtualService", "added", spec("1s"));
    added["metadata"]["labels"] = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: "r1"});
    fake.put(&format!("{ISTIO}/virtualservices/added"), added);
    fake
}

#[tokio::test(start_paused = true)]
async fn silence_wakes_the_watchdog_and_a_heartbeat_does_not() {
    let fake = mesh().await;
    let before = fake.contents();
    let beats = async {
        for beat in 0..20_u64 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let mut now = fake.get(JOB).unwrap();
            assert_eq!(now["metadata"]["annotations"][WATCHDOG], WATCHING);
            now["spec"]["activeDeadlineSeconds"] = json!(302 + 2 * beat);
            fake.put(JOB, now);
        }
        let now = fake.contents();
        let all = now.iter().filter(|(path, _)| *path != JOB);
        assert!(all.eq(before.iter().filter(|(path, _)| *path != JOB)), "while the run lives");
        Instant::now()
    };
    let (cluster, charge) = (fake.cluster(), charge());
    let watching = async {
        let left = watch(&cluster, &charge, &|_| {}).await.unwrap();
        (left, Instant::now())
    };
    let (last, (left, ended)) = tokio::join!(beats, watching);
    let took = ended - last;
    let (low, high) = (charge.within + LATER, charge.within + LATER + 3 * LOOK);
    assert!(low <= took && took <= high, "it took {took:?}");

    let now = fake.contents();
    let at = |path: &str| now[path].clone();
    let mine = at(&format!("{ISTIO}/virtualservices/mine"));
    assert_eq!(mine["spec"]["http"][0]["timeout"], "1s");
    assert_eq!(mine["metadata"]["labels"], json!({"team": "x"}));
    assert!(mine["metadata"].get("annotations").is_none());
    assert_eq!(at(&format!("{ISTIO}/destinationrules/mine"))["spec"], json!({"host": "x"}));
    assert_eq!(at(&format!("{DEPLOYMENTS}/mine"))["spec"], json!({"replicas": 1}));
    for name in ["edited", "theirs", "added"] {
        let path = format!("{ISTIO}/virtualservices/{name}");
        assert_eq!(now[&path], before[&path], "{name}");
    }
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].contains("a/edited") && left[0].contains("77s"), "{left:?}");
    assert!(!now.contains_key(JOB), "it goes with the Job that owns it");

    let patches: Vec<_> = fake.asked().into_iter().filter(|(m, _)| *m == Method::PATCH).collect();
    let position = |name: &str| patches.iter().rposition(|(_, path)| path.ends_with(name));
    assert!(position("virtualservices/mine") < position("destinationrules/mine"));
}

/// Whether a Role lets somebody do this.
fn allows(rules: &Value, method: &Method, path: &str) -> bool {
    // `/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL[/NAME]`
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (group, plural, name) = (parts[1], parts[5], parts.get(6).copied());
    let verb = match (method, name) {
        (&Method::GET, None) => "list",
        (&Method::GET, Some(_)) => "get",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, _) => "delete",
        _ => "create",
    };
    let has = |list: &Value, wanted: &str| {
        list.as_array().is_some_and(|list| list.iter().any(|known| known == wanted))
    };
    rules.as_array().unwrap().iter().any(|rule| {
        has(&rule["apiGroups"], group)
            && has(&rule["resources"], plural)
            && has(&rule["verbs"], verb)
            && (rule["resourceNames"].is_null()
                || name.is_some_and(|name| has(&rule["resourceNames"], name)))
    })
}

#[tokio::test(start_paused = true)]
async fn its_role_is_enough_for_all_that_it_asks() {
    let fake = mesh().await;
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "faultless", "namespace": "a", "labels": {RUN_LABEL: "r1"}}});
    let path = "/apis/coordination.k8s.io/v1/namespaces/a/leases/faultless";
    fake.put(path, lease);
    let others = fake.asked().len();
    watch(&fake.cluster(), &charge(), &|_| {}).await.unwrap();
    assert!(fake.get(path).is_none(), "the target is free for the next run");
    let rules = rules(&charge());
    let asked = fake.asked().split_off(others);
    assert!(asked.len() > 15, "{asked:?}");
    for (method, path) in asked {
        assert!(allows(&rules, &method, &path), "{method} {path}");
    }
    let foreign = "/apis/batch/v1/namespaces/a/jobs/other";
    assert!(!allows(&rules, &Method::DELETE, foreign));
}

#[test]
fn nobody_has_to_give_more_rights_than_a_run_has() {
    let rules = rules(&charge());
    let texts = |rule: &Value, field: &str| -> Vec<String> {
        serde_json::from_value(rule[field].clone()).unwrap()
    };
    let mut held = 0;
    for rule in rules.as_array().unwrap() {
        let group = texts(rule, "apiGroups").remove(0);
        for resource in texts(rule, "resources") {
            for verb in texts(rule, "verbs") {
                let within = covers(Place::Application, Need::Run, &group, &resource, &verb);
                assert!(within, "{verb} {resource} is not among the rights of a run");
                held += 1;
            }
        }
    }
    assert!(held > 10, "{rules}");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_says_nothing_about_the_run() {
    let fake = mesh().await;
    let path = format!("{ISTIO}/virtualservices/mine");
    let before = fake.get(&path);
    let (cluster, charge) = (fake.cluster(), charge());
    let watching = watch(&cluster, &charge, &|_| {});
    let outage = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        fake.refuse(60);
        tokio::time::sleep(Duration::from_secs(60)).await;
        // The run's heartbeats reached it all the while.
        let mut now = fake.get(JOB).unwrap();
        now["spec"]["activeDeadlineSeconds"] = json!(400);
        fake.refuse(0);
        fake.put(JOB, now);
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert_eq!(fake.get(&path), before);
    };
    let ((), watched) = tokio::join!(outage, watching);
    assert_eq!(watched.unwrap().len(), 1);
    assert_ne!(fake.get(&path), before, "once it is silent for long enough");
}

fn applier(fake: &Fake, state: &TempDir, within: Option<Duration>) -> Applier {
    let text = |text: &str| text.to_owned();
    let header = Header {
        run: text("r1"),
        target: text("fake"),
        own_mesh: false,
        context: text("fake"),
        kubeconfig: None,
        namespaces: vec![text("a")],
        host: text("here"),
        pid: 1,
        begun: String::new(),
    };
    let journal = Journal::begin(state.path(), "k", header).unwrap();
    let dead_man = DeadMan::new("r1", within);
    Applier::new(text("r1"), fake.cluster(), journal, dead_man, Watchdogs::default(), false)
}

#[tokio::test(start_paused = true)]
async fn what_nothing_would_give_back_is_not_changed_unless_that_is_wanted() {
    let path = format!("{DEPLOYMENTS}/mine");
    let name = ObjectRef::of(&object("Deployment", "mine", json!({}))).unwrap();
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    fake.put(&path, object("Deployment", "mine", json!({"replicas": 1})));
    fake.forbid("/roles");
    let before = fake.get(&path);
    let protected = applier(&fake, &state, Some(Duration::from_secs(60)));
    let refused = protected.scale(Scope::Scenario(0), &name, 2).await.unwrap_err().to_string();
    assert!(refused.contains("Role a/faultless-r1-watchdog"), "{refused}");
    assert!(refused.contains("--no-dead-man"), "{refused}");
    assert_eq!(fake.get(&path), before);

    // A watchdog that never says that it watches: its image cannot be had, or its rights do not do.
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    fake.put(&path, object("Deployment", "mine", json!({"replicas": 1})));
    let protected = applier(&fake, &state, Some(Duration::from_secs(600)));
    let refused = protected.scale(Scope::Scenario(0), &name, 2).await.unwrap_err().to_string();
    assert!(
        refused.contains("until the watchdog in a watches: after 120 s it has no pod")
            && refused.contains("--no-dead-man"),
        "{refused}"
    );
    assert_eq!(fake.get(&path).unwrap()["spec"]["replicas"], 1);

    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    fake.put(&path, object("Deployment", "mine", json!({"replicas": 1})));
    let written = applier(&fake, &state, None).scale(Scope::Scenario(0), &name, 2).await.unwrap();
    assert!(written.how.contains("unprotected"), "{}", written.how);
    assert_eq!(fake.get(&path).unwrap()["spec"]["replicas"], 2);
}

/// A run that wants to change something, on a mesh with one Deployment.
async fn refused(fake: &Fake, state: &TempDir) -> String {
    let path = format!("{DEPLOYMENTS}/mine");
    fake.put(&path, object("Deployment", "mine", json!({"replicas": 1})));
    let name = ObjectRef::of(&object("Deployment", "mine", json!({}))).unwrap();
    let protected = applier(fake, state, Some(Duration::from_secs(600)));
    let refused = protected.scale(Scope::Scenario(0), &name, 2).await.unwrap_err().to_string();
    assert_eq!(fake.get(&path).unwrap()["spec"]["replicas"], 1);
    refused
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_without_its_image_is_not_waited_for() {
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    let waiting = json!({"reason": "ErrImageNeverPull", "message": "image is not present"});
    let status = json!([{"name": "watchdog", "restartCount": 0, "state": {"waiting": waiting}}]);
    let pod = json!({"metadata": {"name": "p"}, "status": {"containerStatuses": status}});
    fake.put("/api/v1/namespaces/a/pods/p", pod);
    let began = Instant::now();
    let refused = refused(&fake, &state).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for words in ["image is not present", "`faultless image --out", "--no-dead-man"] {
        assert!(refused.contains(words), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_of_another_version_says_so_and_the_run_hears_it() {
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    let cluster = fake.cluster();
    let charge = WatchdogArgs { runner: "9.9.9".to_owned(), ..charge() };
    let watching = async {
        while fake.get(JOB).is_none() {
            tokio::time::sleep(LOOK).await;
        }
        watch(&cluster, &charge, &|_| {}).await.unwrap_err().to_string()
    };
    let began = Instant::now();
    let (said, heard) = tokio::join!(watching, refused(&fake, &state));
    assert!(said.contains("the run is of 9.9.9"), "{said}");
    assert!(heard.contains("the run is of 9.9.9: make its image anew"), "{heard}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_is_collected_late_only_once_it_watches() {
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    fake.put(&format!("{DEPLOYMENTS}/mine"), object("Deployment", "mine", json!({"replicas": 1})));
    let name = ObjectRef::of(&object("Deployment", "mine", json!({}))).unwrap();
    let protected = applier(&fake, &state, Some(Duration::from_secs(60)));
    let deadline = || fake.get(JOB).unwrap()["spec"]["activeDeadlineSeconds"].as_u64().unwrap();
    let begins = async {
        while fake.get(&format!("{DEPLOYMENTS}/faultless-r1-watchdog")).is_none() {
            tokio::time::sleep(LOOK).await;
        }
        // Whoever dies now has changed nothing.
        let before = deadline();
        let mut job = fake.get(JOB).unwrap();
        job["metadata"]["annotations"][WATCHDOG] = WATCHING.into();
        fake.put(JOB, job);
        before
    };
    let (before, written) = tokio::join!(begins, protected.scale(Scope::Scenario(0), &name, 2));
    written.unwrap();
    assert_eq!(before, 60 + LATER.as_secs());
    assert!(deadline() >= 60 + 240, "{}", deadline());
}
