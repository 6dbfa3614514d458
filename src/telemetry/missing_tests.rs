//! Which claims a missing part concerns, and how it is said.

use super::*;
use crate::telemetry::page::parse;
use crate::telemetry::{Snapshot, Window};
use crate::units::ServiceName;

fn snapshot(pods: &[(&str, &str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (pod, life, page) in pods {
        let (namespace, name) = pod.split_once('/').unwrap();
        let page = parse(&format!("envoy_server_live 1\n{page}")).unwrap();
        snapshot.insert(PodName::new(namespace, name), *life, page);
    }
    snapshot
}

fn series(metric: &str, reporter: &str, from: &str, to: &str, count: u64) -> String {
    let (app, version) = to.split_once('-').unwrap();
    format!(
        "{metric}{{reporter=\"{reporter}\",source_workload=\"{from}\",\
         source_workload_namespace=\"portal\",destination_workload=\"{to}\",\
         destination_workload_namespace=\"agency\",destination_version=\"{version}\",\
         destination_service=\"{app}.agency.svc.cluster.local\",response_code=\"200\",\
         response_flags=\"-\"}} {count}\n"
    )
}

const REQUESTS: &str = "istio_requests_total";
const TCP: &str = "istio_tcp_sent_bytes_total";

fn asked(reporter: Reporter, service: &str) -> Filter {
    Filter::of(reporter, &service.parse::<ServiceName>().unwrap())
}

fn said(window: &Window) -> Vec<String> {
    window.missing.iter().map(ToString::to_string).collect()
}

#[test]
fn a_missing_part_is_said_by_name() {
    let page = |count| series(REQUESTS, "source", "voyages", "cars-v1", count);
    let bad = "istio_requests_total{a=\"1} 1\n";
    let before = snapshot(&[
        ("agency/a", "1", &page(9)),
        ("agency/b", "1", &page(9)),
        ("agency/c", "1", &page(500)),
        ("agency/d", "1", &page(9)),
        ("agency/e", "1", &page(9)),
        ("agency/f", "1", &page(9)),
        ("agency/g", "1", &page(9)),
    ]);
    let mut after = snapshot(&[
        ("agency/a", "2", &page(10)),
        ("agency/c", "1", &page(40)),
        ("agency/d", "1", &format!("{}{bad}", page(9))),
        ("agency/e", "1", &(page(9) + &page(9))),
    ]);
    after.absent(PodName::new("agency", "f"), "1", "no answer within 20 s");
    let agent = parse("istio_agent_scrape_failures_total 1\n").unwrap();
    after.insert(PodName::new("agency", "g"), "1", agent);
    assert_eq!(
        said(&Window::between(&before, &after)),
        [
            "agency/a restarted",
            "agency/b vanished",
            "agency/c: istio_requests_total was reset (500 -> 40)",
            "agency/d: line 3: a label's value is not quoted to its end (istio_requests_total)",
            "agency/e: istio_requests_total occurs twice",
            "agency/f: it could not be read: no answer within 20 s",
            "agency/g: its page has nothing of its proxy's",
        ]
    );
}

#[test]
fn a_missing_series_concerns_those_who_ask_for_it() {
    let page = |count| series(REQUESTS, "source", "voyages", "cars-v1", count);
    let before = snapshot(&[("portal/voyages-1", "", &page(9))]);
    let window = Window::between(&before, &snapshot(&[("portal/voyages-1", "", &page(3))]));
    let cars = asked(Reporter::Source, "cars.agency");
    let version = |name: &str| Filter { destination_version: Some(name.into()), ..cars.clone() };
    for (filter, metric, expected) in [
        (cars.clone(), Metric::Requests, 1),
        (Filter::default(), Metric::Requests, 1),
        (cars.clone(), Metric::Durations, 0),
        (cars.clone(), Metric::Tcp, 0),
        (asked(Reporter::Source, "hotels.agency"), Metric::Requests, 0),
        (asked(Reporter::Destination, "cars.agency"), Metric::Requests, 0),
        (version("v1"), Metric::Requests, 1),
        (version("v2"), Metric::Requests, 0),
    ] {
        assert_eq!(window.missing(&filter, metric).len(), expected, "{metric:?} of {filter:?}");
    }
}

#[test]
fn a_missing_pod_concerns_those_who_ask_for_what_it_does() {
    let page = series(REQUESTS, "source", "voyages", "cars-v1", 9);
    let window = Window::between(
        &snapshot(&[("portal/voyages-1", "a", &page)]),
        &snapshot(&[("portal/voyages-1", "b", &page)]),
    );
    let cars = asked(Reporter::Source, "cars.agency");
    let from = |name: &str| Filter { source_workload: Some(name.into()), ..cars.clone() };
    let version = Filter { destination_version: Some("v9".into()), ..cars.clone() };
    let tcp_of = |name: &str| Filter {
        reporter: Some(Reporter::Source),
        source_workload: Some(name.into()),
        ..Filter::default()
    };
    for (filter, metric, expected) in [
        (cars.clone(), Metric::Requests, 1),
        (from("voyages"), Metric::Requests, 1),
        (from("viaggi"), Metric::Requests, 0),
        // A version that it was not seen to call before.
        (version, Metric::Requests, 1),
        (asked(Reporter::Source, "hotels.agency"), Metric::Requests, 0),
        // Nothing else is known of it than where it runs, and what its workload is.
        (tcp_of("voyages"), Metric::Tcp, 1),
        (tcp_of("viaggi"), Metric::Tcp, 0),
        (asked(Reporter::Source, "mysqldb.agency"), Metric::Tcp, 1),
        (asked(Reporter::Destination, "cars.agency"), Metric::Requests, 0),
        (asked(Reporter::Destination, "voyages.portal"), Metric::Requests, 1),
        (asked(Reporter::Destination, "voyages"), Metric::Requests, 1),
        (Filter::default(), Metric::Durations, 1),
    ] {
        assert_eq!(window.missing(&filter, metric).len(), expected, "{metric:?} of {filter:?}");
    }
}

#[test]
fn a_missing_destination_is_one_service_whoever_calls() {
    let page = series(REQUESTS, "destination", "voyages", "cars-v1", 9);
    let window = Window::between(
        &snapshot(&[("agency/cars-v1-0", "a", &page)]),
        &snapshot(&[("agency/cars-v1-0", "b", &page)]),
    );
    let cars = asked(Reporter::Destination, "cars.agency");
    let from = Filter { source_workload: Some("viaggi".into()), ..cars.clone() };
    let version = |name: &str| Filter { destination_version: Some(name.into()), ..cars.clone() };
    for (filter, metric, expected) in [
        (cars.clone(), Metric::Requests, 1),
        (from, Metric::Requests, 1),
        (version("v1"), Metric::Requests, 1),
        (version("v2"), Metric::Requests, 0),
        (cars.clone(), Metric::Tcp, 1),
        (asked(Reporter::Destination, "mysqldb.agency"), Metric::Tcp, 0),
        (asked(Reporter::Source, "hotels.agency"), Metric::Requests, 1),
    ] {
        assert_eq!(window.missing(&filter, metric).len(), expected, "{metric:?} of {filter:?}");
    }
}

#[test]
fn of_a_pod_that_was_never_read_its_namespace_is_known() {
    let mut before = Snapshot::default();
    before.absent(PodName::new("portal", "voyages-1"), "", "no answer");
    let window = Window::between(&before, &before);
    let from = |namespace: &str| Filter {
        reporter: Some(Reporter::Source),
        source_namespace: Some(namespace.into()),
        ..Filter::default()
    };
    for (filter, expected) in [
        (from("portal"), 1),
        (from("agency"), 0),
        (asked(Reporter::Source, "cars.agency"), 1),
        (asked(Reporter::Destination, "cars.agency"), 0),
        (asked(Reporter::Destination, "cars.portal"), 1),
        (asked(Reporter::Destination, "cars"), 1),
    ] {
        assert_eq!(window.missing(&filter, Metric::Requests).len(), expected, "{filter:?}");
    }
}

#[test]
fn a_missing_metric_leaves_the_others() {
    let tcp = |count| series(TCP, "source", "voyages", "mysqldb-v1", count);
    let page = |count| series(REQUESTS, "source", "voyages", "cars-v1", count) + &tcp(count);
    let before = snapshot(&[("portal/voyages-1", "", &page(9))]);
    let bad = page(12) + "istio_requests_total{a=\"1} 1\n";
    let window = Window::between(&before, &snapshot(&[("portal/voyages-1", "", &bad)]));
    let missing = |service, metric| window.missing(&asked(Reporter::Source, service), metric).len();
    assert_eq!(missing("cars.agency", Metric::Requests), 1);
    assert_eq!(missing("hotels.agency", Metric::Requests), 0);
    assert_eq!(missing("cars.agency", Metric::Durations), 0);
    assert_eq!(missing("mysqldb.agency", Metric::Tcp), 0);
    let bytes = window.tcp(&asked(Reporter::Source, "mysqldb.agency")).total.sent_bytes;
    assert_eq!((bytes, window.requests(&Filter::default()).total()), (3, 0));
}

#[test]
fn of_many_missing_parts_the_first_are_named() {
    let names: Vec<String> = (0..12).map(|n| format!("p/{n:02}")).collect();
    let pods: Vec<_> = names.iter().map(|name| (name.as_str(), "", "")).collect();
    let window = Window::between(&snapshot(&pods), &Snapshot::default());
    let all = window.missing(&Filter::default(), Metric::Requests);
    let many = Missing::sentence(&all);
    assert!(many.starts_with("p/00 vanished; p/01 vanished; "), "{many}");
    assert!(many.ends_with("; p/04 vanished; and 7 more"), "{many}");
    assert_eq!(Missing::sentence(&[all[0], all[0]]), "p/00 vanished");
    assert_eq!(Missing::sentence(&[]), "");
}
