//! Questions, on pages as sidecars serve them.

use std::fmt::Write as _;

use super::*;
use crate::telemetry::durations::Durations;
use crate::telemetry::page::parse;
use crate::telemetry::tcp::TcpCounts;
use crate::telemetry::{PodName, Reporter, Snapshot};
use crate::units::ServiceName;

fn snapshot(pods: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (pod, page) in pods {
        let (namespace, name) = pod.split_once('/').unwrap();
        snapshot.insert(PodName::new(namespace, name), "", parse(page).unwrap());
    }
    snapshot
}

fn window(pods: &[(&str, &str)]) -> Window {
    let window = Window::between(&Snapshot::default(), &snapshot(pods));
    assert_eq!(window.missing, []);
    window
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
    assert_eq!((requests.total(), requests.lacks()), (20, None));
    assert_eq!(requests.errors(), Some(4 + 3 + 1), "5xx and never answered; 404 is an answer");
    assert_eq!(requests.with_flag("DI"), Some(3));
    assert_eq!(requests.with_flag("UT"), Some(3));
    assert_eq!(requests.with_flag("D"), Some(0), "flags are compared whole");
    assert_eq!(requests.with_flag("-"), Some(10));
    assert_eq!(requests.with_code("404"), Some(2));
    assert_eq!(requests.with_code("504"), Some(3));
    assert_eq!(requests.to_workload("unknown"), Some(6));
    assert_eq!(requests.to_version("v1"), Some(10));
    assert_eq!(requests.arrivals(), (10 + 3, 10 + 3 + 1));

    let one = |filter: Filter| window.requests(&filter).total();
    assert_eq!(one(Filter { destination_version: Some("v2".into()), ..asked.clone() }), 3);
    assert_eq!(one(Filter { destination_workload: Some("travels-v3".into()), ..asked.clone() }), 1);
    assert_eq!(one(Filter { source_workload: Some("viaggi".into()), ..asked.clone() }), 0);
    assert_eq!(one(Filter { source_namespace: Some("travel-portal".into()), ..asked.clone() }), 20);
    assert_eq!(one(Filter { reporter: Some(Reporter::Destination), ..asked }), 0);
    assert_eq!(one(Filter::default()), 29);
}

#[test]
fn an_absent_label_is_no_zero() {
    let series = |labels: &str, count: u64| {
        format!("istio_requests_total{{reporter=\"source\",{labels}}} {count}\n")
    };
    let all = [
        ("response_code", "200"),
        ("response_flags", ""),
        ("destination_workload", "unknown"),
        ("destination_version", ""),
    ];
    let labels = |without: &str| {
        let kept = all.iter().filter(|(name, _)| *name != without);
        kept.map(|(name, value)| format!("{name}=\"{value}\",")).collect::<String>()
    };
    let answers = |page: &str| {
        let found = window(&[("p/a", page)]).requests(&Filter::default());
        assert_eq!(found.lacks(), None);
        let answers = [
            found.errors(),
            found.with_code("503"),
            found.with_flag("DI"),
            found.to_workload("w"),
            found.to_version("v"),
        ];
        (found.total(), answers.map(|answer| answer.is_some()))
    };
    assert_eq!(answers(&series(&labels("none"), 50)), (50, [true; 5]));
    for (without, expected) in [
        ("response_code", [false, true, true, true]),
        ("response_flags", [true, false, true, true]),
        ("destination_workload", [true, true, false, true]),
        ("destination_version", [true, true, true, false]),
    ] {
        let [code, flags, workload, version] = expected;
        let expected = [code, code, flags, workload, version];
        assert_eq!(answers(&series(&labels(without), 50)), (50, expected), "{without}");
        // One of many is enough, but it must have been counted in the window.
        let with = |count| series(&labels("none"), 7) + &series(&labels(without), count);
        assert_eq!(answers(&with(50)), (57, expected), "{without}");
        assert_eq!(answers(&with(0)), (7, [true; 5]), "{without}");
    }
    let none = Window::default().requests(&Filter::default());
    assert_eq!((none.total(), none.with_flag("DI")), (0, Some(0)));
}

#[test]
fn a_filter_on_an_absent_label_is_told() {
    let counted = "istio_requests_total{reporter=\"source\",source_workload=\"a\",\
        response_flags=\"-\"} 5\nistio_requests_total{reporter=\"source\",response_flags=\"-\"} 3\n\
        istio_tcp_connections_opened_total{reporter=\"source\",destination_version=\"v1\"} 2\n";
    let timed = histogram("reporter=\"source\"", &[("+Inf", 3)], 9.0);
    let window = window(&[("p/a", &(counted.to_owned() + &timed))]);
    let from = |name: &str| Filter { source_workload: Some(name.into()), ..Filter::default() };
    let requests = window.requests(&from("a"));
    assert_eq!((requests.total(), requests.lacks()), (5, Some("source_workload")));
    assert_eq!(requests.with_flag("-"), None, "5 or 8");
    assert_eq!(requests.arrivals(), (0, 8));
    assert_eq!(window.durations(&from("a")).lacks, Some("source_workload"));
    assert_eq!(window.tcp(&from("a")).lacks, Some("source_workload"));
    assert_eq!(window.tcp(&from("a")).to_version("v1"), None);
    let all = Filter { reporter: Some(Reporter::Source), ..Filter::default() };
    assert_eq!(window.requests(&all).lacks(), None);
    assert_eq!((window.durations(&all).lacks, window.durations(&all).count), (None, 3));
    assert_eq!(window.tcp(&all).to_version("v2").unwrap().opened, 0);
}

#[test]
fn what_never_arrived_is_expected_nowhere() {
    let group = |workload: Option<&str>, code: Option<&str>, flags: Option<&str>| Group {
        code: code.map(str::to_owned),
        flags: flags.map(str::to_owned),
        workload: workload.map(str::to_owned),
        version: None,
    };
    let (host, none) = (Some("hotels-v1"), Some("unknown"));
    for (workload, code, flags, expected) in [
        // No host was picked.
        (none, Some("503"), Some("FI"), Arrival::Never),
        (none, Some("503"), Some("DI,FI"), Arrival::Never),
        (none, Some("503"), Some("UO"), Arrival::Never),
        (none, Some("503"), Some("UH"), Arrival::Never),
        (none, Some("503"), Some("NC"), Arrival::Never),
        (none, Some("404"), Some("NR"), Arrival::Never),
        (none, Some("0"), Some("DC"), Arrival::Never),
        (none, Some("0"), Some("DI,DC"), Arrival::Never),
        (none, None, None, Arrival::Never),
        // The host was never reached.
        (host, Some("503"), Some("UF"), Arrival::Never),
        (host, Some("503"), Some("URX,UF"), Arrival::Never),
        (host, Some("503"), Some("UF,URX"), Arrival::Never),
        (None, Some("503"), Some("UF"), Arrival::Never),
        (host, None, Some("UF"), Arrival::Never),
        // It answered, or was waited for.
        (host, Some("200"), Some("-"), Arrival::Certain),
        (host, Some("200"), Some("DI"), Arrival::Certain),
        (host, Some("200"), Some("DC"), Arrival::Certain),
        (host, Some("503"), Some("-"), Arrival::Certain),
        (host, Some("503"), Some("URX"), Arrival::Certain),
        (host, Some("504"), Some("UT"), Arrival::Certain),
        (host, Some("504"), Some("DI,UT"), Arrival::Certain),
        (host, Some("504"), Some("URX,UT"), Arrival::Certain),
        // It went wrong on the way, or behind the host's proxy.
        (host, Some("0"), Some("DC"), Arrival::Perhaps),
        (host, Some("0"), Some("DI,DC"), Arrival::Perhaps),
        (host, Some("503"), Some("UC"), Arrival::Perhaps),
        (host, Some("503"), Some("UC,URX"), Arrival::Perhaps),
        (host, Some("503"), Some("UO"), Arrival::Perhaps),
        (host, Some("502"), Some("UPE"), Arrival::Perhaps),
        // Nobody says.
        (host, Some("200"), None, Arrival::Perhaps),
        (host, None, Some("-"), Arrival::Perhaps),
        (None, Some("200"), Some("-"), Arrival::Perhaps),
    ] {
        let one = group(workload, code, flags);
        assert_eq!(one.arrival(), expected, "{one:?}");
    }
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
    let other = window.durations(&Filter::of(Reporter::Source, &service("cars")));
    assert_eq!((other.count, other.share_between(0.0, 1.0)), (0, (0, 0)));
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
    let durations = Window::between(&before, &after).durations(&Filter::default());
    assert_eq!(durations.bounds_ms, [100.0]);
    assert_eq!(durations.buckets, [1 + 3, 2 + 1 + 4]);
    assert_eq!(durations.count, 11);
    assert!((durations.sum_ms - 2_800.0).abs() < 1e-9);
}

#[test]
fn a_mesh_that_does_not_time_still_counts() {
    let before = snapshot(&[("shop-front/basket-1", include_str!("pages/untimed-before.txt"))]);
    let after = snapshot(&[("shop-front/basket-1", include_str!("pages/untimed-after.txt"))]);
    let window = Window::between(&before, &after);
    assert_eq!(window.missing, []);
    let filter = Filter::of(Reporter::Source, &service("stock.shop"));
    let requests = window.requests(&filter);
    assert_eq!((requests.total(), requests.with_code("200")), (50, Some(50)));
    assert_eq!((requests.with_flag("DI"), requests.to_version("v1")), (Some(0), Some(50)));
    assert_eq!(window.durations(&filter), Durations::default());
}

#[test]
fn a_mesh_that_leaves_out_flags_says_nothing_of_them() {
    let before = snapshot(&[("shop-front/basket-1", "envoy_server_live 1\n")]);
    let after = snapshot(&[("shop-front/basket-1", include_str!("pages/unflagged-after.txt"))]);
    let window = Window::between(&before, &after);
    assert_eq!(window.missing, []);
    let filter = Filter::of(Reporter::Source, &service("stock.shop"));
    let requests = window.requests(&filter);
    assert_eq!((requests.total(), requests.with_flag("DI")), (150, None));
    assert_eq!((requests.with_code("200"), requests.to_version("v1")), (Some(150), Some(150)));
    assert_eq!(requests.arrivals(), (0, 150));
    assert_eq!(window.durations(&filter).share_between(0.0, 60.0), (150, 150));
}

#[test]
fn tcp_is_counted_by_connections_and_bytes() {
    let series = |metric: &str, to: &str, count: u64| {
        format!(
            "istio_tcp_{metric}{{reporter=\"source\",source_workload=\"hotels-v1\",\
             destination_service=\"mysqldb.travel-agency.svc.cluster.local\",\
             destination_workload=\"mysqldb-{to}\",destination_version=\"{to}\"}} {count}\n"
        )
    };
    let page = series("connections_opened_total", "v1", 80)
        + &series("connections_closed_total", "v1", 79)
        + &series("sent_bytes_total", "v1", 8_000)
        + &series("received_bytes_total", "v1", 800)
        + &series("connections_opened_total", "v2", 20);
    let asked = Filter::of(Reporter::Source, &service("mysqldb.travel-agency"));
    let tcp = window(&[("travel-agency/hotels-v1-0", &page)]);
    assert_eq!(tcp.requests(&Filter::default()).total(), 0);
    let tcp = tcp.tcp(&asked);
    assert_eq!(tcp.total.opened, 100);
    let v1 = TcpCounts { opened: 80, closed: 79, sent_bytes: 8_000, received_bytes: 800 };
    assert_eq!(tcp.to_version("v1"), Some(v1));
    assert_eq!(tcp.to_version("v2").unwrap().opened, 20);
    assert_eq!(tcp.to_version("v3"), Some(TcpCounts::default()));
    let without = page.replace(",destination_version=\"v2\"", "");
    let tcp = window(&[("travel-agency/hotels-v1-0", &without)]).tcp(&asked);
    assert_eq!((tcp.total.opened, tcp.to_version("v1")), (100, None));
}
