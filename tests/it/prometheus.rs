//! The same claims, judged by a real Prometheus that scrapes a local mesh, over TLS and with a
//! certificate of ours: what is true passes, what is false fails, and what cannot be is refused
//! before anything is touched. Where there is no Prometheus to be had this is skipped, and said.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{PATIENCE, Place, Said, arg, eventually};
use crate::tools;

const KC: &str = "kc";

/// Between two looks at which pods there are: Debian's Prometheus cannot ask Kubernetes itself.
const LOOK: Duration = Duration::from_millis(500);

const TRUE: &str = r#"
Feature: As Prometheus has it
  Scenario: A delay
    Given every portal sends 20 requests per second
    When every request to "hotels" is delayed by 1s
    Then the source of "hotels" sees every request carry flag DI
    And the source of "hotels" sees every request take at least 500ms
    But the destination of "hotels" sees every request take less than 500ms
"#;

const FALSE: &str = r#"
Feature: As Prometheus does not have it
  Scenario: A delay of half of the requests is none of all
    Given every portal sends 20 requests per second
    When 50% of requests to "hotels" are delayed by 1s
    Then the source of "hotels" sees some request carry flag DI
    And the source of "hotels" sees every request carry flag DI
"#;

/// A Prometheus that runs.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_same_claims_have_the_same_verdicts_by_prometheus() {
    let (Some(prometheus), Some(_)) = (tools::prometheus(), tools::on_path("openssl")) else {
        println!("SKIPPED: there is no prometheus, or no openssl, on this machine");
        return;
    };
    let place = Place::new();
    certificates(&place);
    // Its password is a test vector of bcrypt's: `U*U`.
    place.file("headers", "\nAuthorization: Basic dTpVKlU=\n");
    fs::write(place.path("targets.json"), "[]").unwrap();
    let prometheus = start(&place, prometheus);
    let kc = place.path(KC);
    let up = place.start(&["up", "--write-kubeconfig", arg(&kc)]);
    up.says("Ctrl-C stops it");

    nobody_is_scraped(&place, &prometheus.address);
    scraped(&place, || {
        the_preflight_sees_it(&place, &prometheus.address);
        let said = run(&place, &prometheus.address, TRUE);
        assert_eq!(said.code, Some(0), "{said:?}");
        let told = fs::read_to_string(place.path("out/events.jsonl")).unwrap();
        let source = format!("read from Prometheus, {}", prometheus.address);
        assert!(told.contains(&source), "{told}");
        assert!(told.contains("s later than asked"), "{told}");
        let said = run(&place, &prometheus.address, FALSE);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stdout.contains("✗") || said.stdout.contains("failed"), "{said:?}");
    });
    up.signal("INT");
    assert_eq!(up.ended().0.code(), Some(0));
}

#[test]
fn what_is_secret_in_the_arguments_is_never_told() {
    let place = Place::new();
    place.file(KC, "");
    let file = place.file("headers", "s3cret\n");
    let here = ["--prometheus", "http://127.0.0.1:1"];
    let secret: [&[&str]; 4] = [
        &["--prometheus", "http://u:s3cret@127.0.0.1:1"],
        &[here[0], here[1], "--prometheus-header", "s3cret"],
        &[here[0], here[1], "--prometheus-header", "a: s3cret\u{7f}"],
        &[here[0], here[1], "--prometheus-header-file", arg(&file)],
    ];
    for args in secret {
        for command in ["preflight", "run"] {
            let said = on_mesh(&place, command, args);
            assert_eq!(said.code, Some(2), "{said:?}");
            assert!(said.stderr.contains("hint: "), "{said:?}");
            assert!(!format!("{said:?}").contains("s3cret"), "{said:?}");
        }
    }
    let said = on_mesh(&place, "run", &[here[0], here[1], "--prometheus-ca", "no-such-file"]);
    assert!(said.code == Some(2) && said.stderr.contains("no-such-file"), "{said:?}");
    // A mesh of the run's own is scraped by nobody.
    let said = place.run(&["run", here[0], here[1]]);
    assert!(said.code == Some(2) && said.stderr.contains("--context"), "{said:?}");
}

/// What is wrong with a Prometheus is told within ten seconds, and nothing is touched.
fn nobody_is_scraped(place: &Place, address: &str) {
    let refused = |args: &[&str], words: &[&str]| {
        let started = Instant::now();
        let said = on_mesh(place, "preflight", args);
        let took = started.elapsed();
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert!(words.iter().all(|word| said.stderr.contains(word)), "{words:?}: {said:?}");
    };
    let trusted = credentials(place);
    let trusted: Vec<&str> = trusted.iter().map(String::as_str).collect();
    let here = ["--prometheus", address];
    refused(&[&here[..], &trusted].concat(), &["no series of Istio's", "15020"]);
    refused(&here, &["cannot be reached", "certificate", "--prometheus-ca"]);
    let unnamed = &trusted[..trusted.len() - 2];
    refused(&[&here[..], unnamed].concat(), &["answered 401", "--prometheus-header-file"]);
    // It listens, and takes nobody without a certificate.
    refused(&[&here[..], &trusted[..2]].concat(), &["cannot be reached", "ertificate"]);
    refused(&["--prometheus", "http://127.0.0.1:1"], &["cannot be reached", "hint"]);
    refused(&["--prometheus", "cluster"], &["no Service in istio-system", "cluster:NAMESPACE"]);
}

fn the_preflight_sees_it(place: &Place, address: &str) {
    let trusted = credentials(place);
    let args: Vec<&str> =
        ["--prometheus", address].into_iter().chain(trusted.iter().map(String::as_str)).collect();
    eventually("Prometheus has all sidecars", || {
        let said = on_mesh(place, "preflight", &args);
        said.code == Some(0) && said.stderr.contains("11 pods with sidecars, scraped every 1 s")
    });
}

fn run(place: &Place, address: &str, feature: &str) -> Said {
    let feature = place.file("prometheus.feature", feature);
    let out = place.path("out");
    let trusted = credentials(place);
    let mut args = vec![arg(&feature), "--out", arg(&out), "--prometheus", address];
    args.extend(trusted.iter().map(String::as_str));
    on_mesh(place, "run", &args)
}

fn on_mesh(place: &Place, command: &str, args: &[&str]) -> Said {
    let kc = place.path(KC);
    let mut all = vec![command, "--application", "features/application.yaml"];
    all.extend(["--context", "faultless-local", "--kubeconfig", arg(&kc)]);
    all.extend(args);
    place.run(&all)
}

/// Whom we trust, and who we are.
fn credentials(place: &Place) -> Vec<String> {
    let files = [
        ("--prometheus-ca", "ca.pem"),
        ("--prometheus-client-cert", "client.pem"),
        ("--prometheus-client-key", "client.key"),
        ("--prometheus-header-file", "headers"),
    ];
    let named = |(flag, file): (&str, &str)| [flag.to_owned(), arg(&place.path(file)).to_owned()];
    files.into_iter().flat_map(named).collect()
}

/// Does the work while Prometheus is told which pods there are.
fn scraped(place: &Place, work: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let started = Instant::now();
            while !done.load(Ordering::SeqCst) && started.elapsed() < 4 * PATIENCE {
                let pods = place.kubectl_said(KC, &["get", "pods", "-A", "-o", "json"], "");
                if let Ok(pods) = serde_json::from_str::<Value>(&pods.stdout) {
                    // Renamed into its place: Prometheus reads it at any time.
                    fs::write(place.path("targets.new"), targets(&pods).to_string()).unwrap();
                    fs::rename(place.path("targets.new"), place.path("targets.json")).unwrap();
                }
                std::thread::sleep(LOOK);
            }
        });
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::SeqCst);
        if let Err(panic) = worked {
            std::panic::resume_unwind(panic);
        }
    });
}

fn targets(pods: &Value) -> Value {
    let all = pods["items"].as_array().into_iter().flatten();
    let target = |pod: &Value| {
        let containers = pod["spec"]["containers"].as_array()?;
        let sidecar = containers.iter().any(|container| container["name"] == "istio-proxy");
        let address = pod["status"]["podIP"].as_str().filter(|_| sidecar)?;
        let labels = json!({
            "namespace": pod["metadata"]["namespace"],
            "pod": pod["metadata"]["name"],
        });
        Some(json!({"targets": [format!("{address}:15020")], "labels": labels}))
    };
    all.filter_map(target).collect()
}

fn start(place: &Place, program: &Path) -> Prometheus {
    let config = "
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: sidecars
    metrics_path: /stats/prometheus
    file_sd_configs: [{files: [targets.json]}]
";
    let tls = "
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
basic_auth_users:
  u: $2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
";
    let (config, tls) = (place.file("prometheus.yml", config), place.file("web.yml", tls));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new(program)
        .args([
            format!("--config.file={}", arg(&config)),
            format!("--web.config.file={}", arg(&tls)),
        ])
        .args([format!("--storage.tsdb.path={}", arg(&place.path("tsdb")))])
        .args([format!("--web.listen-address={free}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(place.path("prometheus.log")).unwrap())
        .spawn()
        .unwrap();
    eventually("Prometheus is ready", || {
        let said = fs::read_to_string(place.path("prometheus.log")).unwrap();
        said.contains("Server is ready to receive web requests")
    });
    Prometheus { child, address: format!("https://{free}") }
}

/// An authority with a certificate for Prometheus and one for us.
fn certificates(place: &Place) {
    let openssl = |line: &str| {
        let said = Command::new("openssl")
            .args(line.split_whitespace())
            .current_dir(place.path(""))
            .output()
            .unwrap();
        assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    for (name, extension) in
        [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")]
    {
        place.file("extension", extension);
        openssl(&format!("req {key} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile \
             extension -out {name}.pem"
        ));
    }
}
