//! A Prometheus behind an API server, whose clock is the test's; and one by its address, which
//! wants to know who asks.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use http::{Request, Response};
use kube::client::Body;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;
use crate::cluster::{Cluster, Pod};
use crate::telemetry::{Filter, Snapshot, Window};

/// Prometheus' clock when a test begins.
const EPOCH: f64 = 1003.0;

/// How often it scrapes.
const INTERVAL: f64 = 15.0;

fn answered(result: &str) -> String {
    format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"x\",\"result\":{result}}}}}")
}

/// A cluster with a Prometheus that scrapes one pod, which counts a request each second.
fn scraping(pod: &'static str) -> Cluster {
    let began = Instant::now();
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let now = EPOCH + began.elapsed().as_secs_f64();
        let scraped = (now / INTERVAL).floor() * INTERVAL;
        let target = format!("\"namespace\":\"shop\",\"pod\":\"{pod}\",\"instance\":\"a:1\"");
        let path = request.uri().to_string();
        assert!(
            path.starts_with(
                "/api/v1/namespaces/mesh/services/prometheus:9090/proxy/api/v1/query?"
            ),
            "{path}"
        );
        let result = if path.contains("query=time%28%29") {
            format!("[{now},\"{now}\"]")
        } else if path.contains("query=timestamp") {
            format!("[{{\"metric\":{{{target}}},\"value\":[{now},\"{scraped}\"]}}]")
        } else {
            format!(
                "[{{\"metric\":{{\"__name__\":\"istio_requests_total\",\"reporter\":\"source\",\
                 {target}}},\"value\":[{now},\"{scraped}\"]}}]"
            )
        };
        Ok::<_, std::io::Error>(Response::new(Body::from(answered(&result).into_bytes())))
    });
    Cluster::fake(kube::Client::new(service, "default"))
}

fn in_cluster() -> Prometheus {
    Prometheus::new("cluster:mesh/prometheus:9090", Trust::default()).unwrap()
}

fn pods(names: &[&str]) -> Vec<Pod> {
    names.iter().map(|name| Pod::fake("shop", name)).collect()
}

async fn read(of: &Prometheus, cluster: &Cluster, when: When, names: &[&str]) -> Snapshot {
    let sidecars = async || Ok(pods(names));
    of.snapshot(cluster, &["shop".to_owned()], when, sidecars).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_reading_of_now_waits_for_the_next_scrape_and_its_difference_is_exact() {
    let (prometheus, cluster) = (in_cluster(), scraping("cart-1"));
    let started = Instant::now();
    let before = read(&prometheus, &cluster, When::Now, &["cart-1"]).await;
    // Asked at 1003, scraped at 1005.
    assert!((2.0..3.5).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());
    assert!((prometheus.lateness() - 2.0).abs() < 0.01, "{}", prometheus.lateness());
    let after = read(&prometheus, &cluster, When::Now, &["cart-1"]).await;
    let window = Window::between(&before, &after);
    assert_eq!(window.missing, []);
    assert_eq!(window.requests(&Filter::default()).total(), 15);
    // What is there is read at once.
    let started = Instant::now();
    let newest = read(&prometheus, &cluster, When::Newest, &["cart-1"]).await;
    assert_eq!((started.elapsed(), newest == after), (Duration::ZERO, true));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_not_scraped_is_missing_by_name_and_waited_for_once() {
    let (prometheus, cluster) = (in_cluster(), scraping("cart-1"));
    let both = ["cart-1", "web-1"];
    let started = Instant::now();
    let before = read(&prometheus, &cluster, When::Now, &both).await;
    assert!((90..95).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    let started = Instant::now();
    let after = read(&prometheus, &cluster, When::Now, &both).await;
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let window = Window::between(&before, &after);
    let missing: Vec<_> = window.missing.iter().map(ToString::to_string).collect();
    let said = "shop/web-1: it could not be read: Prometheus has nothing of its proxy's";
    assert_eq!(missing, [said]);
    assert!(window.requests(&Filter::default()).total() >= 15);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_says_no_makes_every_pod_missing_in_its_words() {
    let service = tower::service_fn(|_: Request<Body>| async {
        let status = r#"{"kind":"Status","message":"services \"prometheus\" is forbidden"}"#;
        let answer = Response::builder().status(403).body(Body::from(status.as_bytes().to_vec()));
        answer.map_err(std::io::Error::other)
    });
    let cluster = Cluster::fake(kube::Client::new(service, "default"));
    let snapshot = read(&in_cluster(), &cluster, When::Newest, &["cart-1"]).await;
    let window = Window::between(&snapshot, &snapshot);
    assert!(window.missing[0].to_string().contains("is forbidden"), "{}", window.missing[0]);
}

/// A Prometheus that lets in whoever has this header; its address.
async fn guarded(tasks: &mut JoinSet<()>) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = async |headers: HeaderMap, body: String| match headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
    {
        Some("Bearer s3cret") if body.contains("time=5.000") => {
            (StatusCode::OK, answered("[5,\"5\"]"))
        }
        Some("Bearer s3cret") => (StatusCode::BAD_REQUEST, refused()),
        _ => (StatusCode::UNAUTHORIZED, "who?".to_owned()),
    };
    let moved = async || (StatusCode::FOUND, [("location", "https://u:p@else.where/x?t=1")]);
    let app = axum::Router::new()
        .route("/prom/api/v1/query", post(answer))
        .route("/large/api/v1/query", post(async || vec![b' '; (64 << 20) + 1]))
        .route("/moved/api/v1/query", post(moved));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap_or_default() });
    format!("http://{address}")
}

fn refused() -> String {
    r#"{"status":"error","errorType":"bad_data","error":"no time"}"#.to_owned()
}

#[tokio::test]
async fn one_that_wants_to_know_who_asks_is_told_by_header_and_nobody_else_is() {
    let mut tasks = JoinSet::new();
    let base = guarded(&mut tasks).await;
    let cluster = scraping("none");
    let trust = |header: &str| Trust { headers: vec![header.to_owned()], ..Trust::default() };
    let ask = async |path: &str, trust, at| {
        let prometheus = Prometheus::new(&format!("{base}{path}"), trust).unwrap();
        assert!(!format!("{prometheus:?}").contains("s3cret"));
        prometheus.ask(&cluster, "time()", at, Duration::from_secs(20)).await
    };
    let header = "Authorization: Bearer s3cret";
    assert!(ask("/prom/", trust(header), Some(5.0)).await.is_ok());
    let words = ask("/prom", trust(header), None).await.unwrap();
    assert!(String::from_utf8_lossy(&words).contains("no time"), "the API's errors have a body");
    let stranger = ask("/prom", Trust::default(), None).await.unwrap_err();
    assert_eq!(stranger, Trouble::Unauthorized(401));
    assert!(stranger.hint().contains("--prometheus-header-file"));
    let elsewhere = ask("/moved", trust(header), None).await.unwrap_err();
    assert_eq!(elsewhere, Trouble::Elsewhere("https://else.where".to_owned()));
    assert_eq!(ask("/large", trust(header), None).await, Err(Trouble::TooLarge));
    assert!(matches!(ask("/x", trust(header), None).await, Err(Trouble::Status(404, _))));
    tasks.shutdown().await;
    let gone = ask("/prom", trust(header), None).await.unwrap_err();
    assert!(matches!(&gone, Trouble::Unreachable(_)), "{gone}");
}

#[test]
fn what_cannot_be_meant_is_refused_without_what_is_secret_in_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let refused = |said: &str, trust| Prometheus::new(said, trust).unwrap_err().to_string();
    for said in ["http://me:s3cret@host", "http://s3cret@host"] {
        let error = refused(said, Trust::default());
        assert!(error.contains("--prometheus-header-file") && !error.contains("s3cret"), "{error}");
    }
    for said in ["", "host:9090", "ftp://host", "http://", "http://host/?x=1", "cluster:x"] {
        let error = refused(said, Trust::default());
        assert!(error.starts_with("reading --prometheus: "), "{error}");
    }
    for header in ["s3cret", "a b: s3cret", "a: s3cret\u{1}"] {
        let trust = Trust { headers: vec![header.to_owned()], ..Trust::default() };
        let error = refused("http://host", trust);
        assert!(error.contains("NAME: VALUE") && !error.contains("s3cret"), "{error}");
    }
    let pem = |text: &str| Some(text.as_bytes().to_vec());
    let error = refused("https://host", Trust { ca: pem("x"), ..Trust::default() });
    assert!(error.contains("--prometheus-ca"), "{error}");
    let error = refused("https://host", Trust { identity: pem("s3cret"), ..Trust::default() });
    assert!(error.contains("--prometheus-client-cert") && !error.contains("s3cret"), "{error}");
    let error = refused("cluster", Trust { ca: pem("x"), ..Trust::default() });
    assert!(error.contains("kubeconfig's credentials"), "{error}");
}
