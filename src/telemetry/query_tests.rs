//! Windows and questions, on pages as sidecars serve them.

use std::fmt::Write as _;

use super::*;
use crate::telemetry::exposition::parse;
use crate::telemetry::{PodName, Snapshot, WindowError};

/// A pod's page: each line is `metric-and-labels count`.
fn page(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |page, line| page + line + "\n")
}

fn snapshot(pods: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (pod, page) in pods {
        let (namespace, name) = pod.split_once('/').unwrap();
        snapshot.insert(PodName::new(namespace, name), "", parse(page).unwrap()).unwrap();
    }
    snapshot
}

fn window(pods: &[(&str, &str)]) -> Window {
    Window::between(&Snapshot::default(), &snapshot(pods)).unwrap()
}

fn service(name: &str) -> ServiceName {
    name.parse().unwrap()
}

/// A request series of a portal's sidecar to `travels`.
fn requests(source: &str, to: &str, host: &str, code: u16, flags: &str, count: u64) -> String {
    let version = to.rsplit_once('-').map_or("unknown", |(_, version)| version);
    format!(
        "istio_requests_total{{reporter=\"source\",source_workload=\"{source}\",\
         source_workload_namespace=\"travel-portal\",destination_workload=\"{to}\",\
         destination_version=\"{version}\",destination_service=\"{host}\",\
         response_code=\"{code}\",response_flags=\"{flags}\"}} {count}\n"
    )
}

fn histogram(labels: &str, bounds: &[(&str, u64)], sum: f64) -> String {
    let name = "istio_request_duration_milliseconds";
    let mut page = String::new();
    let mut cumulative = 0;
    for (bound, count) in bounds {
        cumulative += count;
        writeln!(page, "{name}_bucket{{{labels},le=\"{bound}\"}} {cumulative}").unwrap();
    }
    writeln!(page, "{name}_sum{{{labels}}} {sum}").unwrap();
    writeln!(page, "{name}_count{{{labels}}} {cumulative}").unwrap();
    page
}

const HOST: &str = "travels.travel-agency.svc.cluster.local";

#[test]
fn requests_are_found_by_service_even_without_a_host() {
    let voyages = requests("voyages", "travels-v1", HOST, 200, "-", 10)
        + &requests("voyages", "unknown", HOST, 503, "UO", 4)
        + &requests("voyages", "travels-v2", HOST, 504, "UT,DI", 3)
        + &requests("voyages", "unknown", "travels.travel-agency:8000", 404, "NR", 2)
        + &requests("voyages", "travels-v1", "hotels.travel-agency.svc.cluster.local", 200, "-", 9)
        + &requests("voyages", "travels-v3", HOST, 0, "DC", 1);
    let window = window(&[("travel-portal/voyages-1", &voyages)]);
    let asked = Filter::of(Reporter::Source, &service("travels.travel-agency"));
    let requests = window.requests(&asked);
    assert_eq!(requests.total(), 20);
    assert_eq!(requests.errors(), 4 + 3 + 1, "5xx and never answered; 404 is an answer");
    assert_eq!(requests.with_flag("DI"), 3);
    assert_eq!(requests.with_flag("UT"), 3);
    assert_eq!(requests.with_flag("D"), 0, "flags are compared whole");
    assert_eq!(requests.with_flag("-"), 10);
    assert_eq!(requests.with_code("404"), 2);
    assert_eq!(requests.by_workload()["unknown"], 6);
    assert_eq!(requests.by_version()["v1"], 10);
    assert_eq!(requests.by_source(), BTreeMap::from([("voyages", 20)]));
    assert_eq!(requests.by_code()["504"], 3);
    assert_eq!(requests.by_flags()["UT,DI"], 3);

    let one = |filter: Filter| window.requests(&filter).total();
    assert_eq!(one(Filter { response_flag: Some("UT".into()), ..asked.clone() }), 3);
    assert_eq!(one(Filter { response_code: Some("200".into()), ..asked.clone() }), 10);
    assert_eq!(one(Filter { destination_version: Some("v2".into()), ..asked.clone() }), 3);
    assert_eq!(one(Filter { destination_workload: Some("travels-v3".into()), ..asked.clone() }), 1);
    assert_eq!(one(Filter { source_workload: Some("viaggi".into()), ..asked.clone() }), 0);
    assert_eq!(one(Filter { source_namespace: Some("travel-portal".into()), ..asked.clone() }), 20);
    assert_eq!(one(Filter { reporter: Some(Reporter::Destination), ..asked }), 0);
    assert_eq!(one(Filter::default()), 29);
}

#[test]
fn hosts_are_services() {
    for (host, asked, caller, expected) in [
        (HOST, "travels", "x", true),
        (HOST, "travels.travel-agency", "x", true),
        (HOST, "travels.other", "x", false),
        (HOST, "travel", "x", false),
        ("travels.travel-agency:8000", "travels.travel-agency", "x", true),
        ("travels.travel-agency.svc:8000", "travels.travel-agency", "x", true),
        ("Travels.Travel-Agency.svc.cluster.local.", "travels.travel-agency", "x", true),
        ("travels:8000", "travels.travel-agency", "travel-agency", true),
        ("travels:8000", "travels.travel-agency", "travel-portal", false),
        ("travels.travel-agency.example.com", "travels.travel-agency", "x", false),
        ("unknown", "travels", "x", false),
        ("10.0.0.1:8000", "travels", "x", false),
        ("[::1]:8000", "travels", "x", false),
        ("", "travels", "x", false),
    ] {
        assert_eq!(is_service(host, &service(asked), caller), expected, "{host} as {asked}");
    }
}

#[test]
fn windows_are_exact_differences_over_all_pods() {
    let page = |count| requests("voyages", "travels-v1", HOST, 200, "-", count);
    let before = snapshot(&[("travel-portal/voyages-1", &page(100))]);
    let later = page(112) + &requests("voyages", "travels-v1", HOST, 503, "UH", 5);
    let after = snapshot(&[("travel-portal/voyages-1", &later), ("travel-portal/b", &page(3))]);
    let requests = Window::between(&before, &after).unwrap().requests(&Filter::default());
    assert_eq!(requests.by_code(), BTreeMap::from([("200", 12 + 3), ("503", 5)]));
    assert_eq!(Window::between(&after, &after).unwrap().requests(&Filter::default()).total(), 0);
}

#[test]
fn pods_that_restarted_or_vanished_are_named() {
    let page = |count| requests("voyages", "travels-v1", HOST, 200, "-", count);
    let error = |before: &Snapshot, after: &Snapshot| -> WindowError {
        Window::between(before, after).unwrap_err()
    };
    let before = snapshot(&[("p/a", &page(9)), ("p/b", &page(9)), ("p/c", &page(9))]);
    let after = snapshot(&[("p/a", &page(10)), ("p/b", &page(8))]);
    assert_eq!(
        error(&before, &after).to_string(),
        "counters went away between the two readings: p/c vanished, p/b restarted"
    );
    // A series that is gone is a restart, and so is another life with larger counters.
    assert!(error(&snapshot(&[("p/a", &page(9))]), &snapshot(&[("p/a", "")])).pods.len() == 1);
    let lives = ["uid-1/0", "uid-1/1"].map(|life| {
        let mut snapshot = Snapshot::default();
        snapshot.insert(PodName::new("p", "a"), life, parse(&page(9)).unwrap()).unwrap();
        snapshot
    });
    assert!(error(&lives[0], &lives[1]).to_string().ends_with("p/a restarted"));
    // Only the first ten are named.
    let names: Vec<String> = (0..12).map(|n| format!("p/{n:02}")).collect();
    let pods: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let many = error(&snapshot(&pods), &Snapshot::default()).to_string();
    assert!(many.ends_with("p/09 vanished and 2 more"), "{many}");
}

#[test]
fn durations_know_what_they_do_not_know() {
    let labels = "reporter=\"source\",destination_service=\"hotels.travel-agency\"";
    let bounds = [("1000", 4), ("2500", 3), ("5000", 0), ("10000", 90), ("+Inf", 2)];
    let window = window(&[("p/a", &histogram(labels, &bounds, 462_000.0))]);
    let durations = window.durations(&Filter::of(Reporter::Source, &service("hotels")));
    assert_eq!((durations.count, &durations.buckets[..]), (99, &[4, 3, 0, 90, 2][..]));
    assert_eq!(durations.share_between(5_000.0, f64::INFINITY), (92, 92));
    assert_eq!(durations.share_between(0.0, 20_000.0), (97, 99));
    // The bin that begins at a limit may belong to either side of it.
    assert_eq!(durations.share_between(5_000.0, 10_000.0), (0, 90));
    assert_eq!(durations.share_between(5_000.0, 11_000.0), (90, 92));
    assert_eq!(durations.share_between(2_500.0, f64::INFINITY), (92, 95));
    assert_eq!(durations.share_between(2_600.0, f64::INFINITY), (92, 92));
    assert_eq!(durations.share_between(0.0, 2_500.0), (4, 7));
    assert_eq!(durations.share_between(0.0, 1_000.0), (0, 4));
    assert_eq!(durations.share_between(0.0, 1_100.0), (4, 7));
    // A limit inside a bucket leaves the bucket open.
    assert_eq!(durations.share_between(5_000.0, 5_300.0), (0, 90));
    assert_eq!(durations.share_between(2_000.0, f64::INFINITY), (92, 95));
    assert!((durations.mean_ms().unwrap() - 462_000.0 / 99.0).abs() < 1e-9);
    let other = window.durations(&Filter::of(Reporter::Source, &service("cars")));
    assert_eq!((other.count, other.mean_ms()), (0, None));
    assert_eq!(other.share_between(0.0, 1.0), (0, 0));
}

#[test]
fn durations_of_a_window_are_differences_and_merge_on_shared_limits() {
    let page = |pod: &str, bounds: &[(&str, u64)], sum| {
        histogram(&format!("reporter=\"source\",source_workload=\"{pod}\""), bounds, sum)
    };
    let before = snapshot(&[("p/a", &page("a", &[("100", 5), ("200", 1), ("+Inf", 0)], 700.0))]);
    let a = page("a", &[("100", 6), ("200", 3), ("+Inf", 1)], 1_500.0);
    let b = page("b", &[("50", 1), ("100", 2), ("+Inf", 4)], 2_000.0);
    let after = snapshot(&[("p/a", &a), ("p/b", &b)]);
    let durations = Window::between(&before, &after).unwrap().durations(&Filter::default());
    assert_eq!(durations.bounds_ms, [100.0]);
    assert_eq!(durations.buckets, [1 + 3, 2 + 1 + 4]);
    assert_eq!(durations.count, 11);
    assert!((durations.sum_ms - 2_800.0).abs() < 1e-9);
    // Counts that shrank inside the histogram are a restart, even if the total has grown.
    let shrunk = page("a", &[("100", 4), ("200", 9), ("+Inf", 9)], 9_000.0);
    assert!(Window::between(&before, &snapshot(&[("p/a", &shrunk)])).is_err());
}

#[test]
fn tcp_is_counted_by_connections_and_bytes() {
    let series = |metric: &str, to: &str, count: u64| {
        format!(
            "istio_tcp_{metric}{{reporter=\"source\",source_workload=\"hotels-v1\",\
             destination_service=\"mysqldb.travel-agency.svc.cluster.local\",\
             destination_workload=\"mysqldb-{to}\",destination_version=\"{to}\"}} {count}"
        )
    };
    let lines = [
        series("connections_opened_total", "v1", 80),
        series("connections_closed_total", "v1", 79),
        series("sent_bytes_total", "v1", 8_000),
        series("received_bytes_total", "v1", 800),
        series("connections_opened_total", "v2", 20),
    ];
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let window = window(&[("travel-agency/hotels-v1-0", &page(&lines))]);
    let tcp = window.tcp(&Filter::of(Reporter::Source, &service("mysqldb.travel-agency")));
    assert_eq!(tcp.total.opened, 100);
    let v1 = TcpCounts { opened: 80, closed: 79, sent_bytes: 8_000, received_bytes: 800 };
    assert_eq!(tcp.by_workload["mysqldb-v1"], v1);
    assert_eq!(tcp.by_version["v2"].opened, 20);
    assert_eq!(window.requests(&Filter::default()).total(), 0);
}
