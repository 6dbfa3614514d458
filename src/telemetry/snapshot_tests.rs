//! What a pod's page says that cannot be, and what it costs.

use super::*;
use crate::telemetry::metric::{REQUESTS, TCP_CLOSED, TCP_OPENED, TCP_RECEIVED, TCP_SENT};
use crate::telemetry::page::parse;

fn reading(page: &str) -> Reading {
    let mut snapshot = Snapshot::default();
    let pod = PodName::new("travel-agency", "hotels-v1-0");
    let page = format!("envoy_server_uptime 9\n{page}");
    snapshot.insert(pod.clone(), "", parse(&page).unwrap());
    snapshot.pods.remove(&pod).unwrap()
}

/// The reasons of the series that are unread.
fn reasons(page: &str) -> Vec<String> {
    let unread = reading(page).series.into_values().filter_map(Result::err);
    unread.map(|why| why.to_string()).collect()
}

#[test]
fn what_counters_cannot_say_costs_the_series() {
    for (page, expected) in [
        ("istio_requests_total{a=\"1\"} 1\nistio_requests_total{a=\"1\"} 2\n", "twice"),
        (
            "istio_tcp_sent_bytes_total 1\nistio_tcp_sent_bytes_total 1\n\
             istio_tcp_sent_bytes_total 1\n",
            "twice",
        ),
        ("istio_requests_total -1\n", "whole number"),
        ("istio_requests_total 1.5\n", "whole number"),
        ("istio_requests_total NaN\n", "whole number"),
        ("istio_requests_total +Inf\n", "whole number"),
        ("istio_requests_total 1e300\n", "whole number"),
        ("istio_request_duration_milliseconds 1\n", "not a histogram"),
        ("istio_request_duration_milliseconds_count 1\n", "no _sum"),
        ("istio_request_duration_milliseconds_sum 1\n", "no _count"),
    ] {
        let page = format!("{page}istio_requests_total{{other=\"1\"}} 5\n");
        let found = reasons(&page);
        assert_eq!(found.len(), 1, "{page}: {found:?}");
        assert!(found[0].contains(expected), "{page}: {found:?}");
        assert_eq!(reading(&page).series.values().filter(|one| one.is_ok()).count(), 1);
        assert_eq!((reading(&page).unread, reading(&page).metrics.len()), (None, 0));
    }
}

#[test]
fn what_histograms_cannot_say_costs_the_series() {
    let name = "istio_request_duration_milliseconds";
    for (buckets, expected) in [
        ("B{le=\"1\"} 2\nB{le=\"5\"} 1\n", "shrink"),
        ("B{le=\"1\"} 2\nB{le=\"1\"} 2\n", "bucket twice"),
        ("B{le=\"+Inf\"} 4\n", "add up"),
        ("B{le=\"one\"} 4\n", "bad `le`"),
        ("B{le=\"-1\"} 3\n", "bad `le`"),
        ("B{} 4\n", "not a histogram"),
        ("B{le=\"1\"} 0.5\n", "whole number"),
        ("N_sum 9\n", "occurs twice"),
    ] {
        let good = "N_sum{a=\"1\"} 0\nN_count{a=\"1\"} 0\nN_created 1.7e9\n";
        let page = format!("{buckets}N_sum 9\nN_count 3\n{good}")
            .replace("B{", &format!("{name}_bucket{{"))
            .replace("N_", &format!("{name}_"));
        let found = reasons(&page);
        assert_eq!(found.len(), 1, "{page}: {found:?}");
        assert!(found[0].contains(expected), "{page}: {found:?}");
    }
}

#[test]
fn an_odd_line_costs_what_it_may_have_been() {
    let tcp = [TCP_CLOSED, TCP_OPENED, TCP_RECEIVED, TCP_SENT];
    for (line, expected) in [
        ("istio_requests_total{a=\"1} 1\n", &[REQUESTS][..]),
        ("istio_requests_total{a=\"1\"} one\n", &[REQUESTS]),
        ("istio_request_duration_milliseconds_bucket{le=\"1} 1\n", &[DURATIONS]),
        ("istio_request_duration_milliseconds_sum{} x\n", &[DURATIONS]),
        ("istio_request\u{fffd} 1\n", &[DURATIONS, REQUESTS]),
        ("istio_tcp_\u{fffd} 1\n", &tcp),
        ("istio_request_bytes_bucket{le=\"1} 1\n", &[]),
        ("istio_build{a=\"1} 1\n", &[]),
        ("sales_total{a=\"1} 1\n", &[]),
        ("<p>\n", &[]),
    ] {
        let metrics: Vec<_> = reading(line).metrics.into_keys().collect();
        assert_eq!(metrics, expected, "{line}");
    }
}

#[test]
fn a_page_without_envoys_part_says_nothing() {
    let mut snapshot = Snapshot::default();
    let pod = PodName::new("p", "a");
    snapshot.insert(pod.clone(), "", parse("istio_agent_x 1\nup 1\n").unwrap());
    assert_eq!(snapshot.pods[&pod].unread, Some(Why::NoEnvoy));
    assert_eq!(reading("").unread, None);
    assert_eq!(snapshot.pods().collect::<Vec<_>>(), [&pod]);
}

#[test]
fn lives_are_told_apart_by_what_the_proxy_says() {
    let life = |incarnation: &str, uptime: Option<f64>, agent_start: Option<f64>| Life {
        incarnation: incarnation.to_owned(),
        uptime,
        agent_start,
    };
    for (was, now, expected) in [
        (life("", None, None), life("", None, None), true),
        (life("a", None, None), life("a", None, None), true),
        (life("a", None, None), life("b", None, None), false),
        (life("a", None, None), life("", None, None), true),
        (life("", None, None), life("b", None, None), true),
        (life("a", Some(9.0), None), life("b", Some(99.0), None), false),
        (life("a", Some(9.0), None), life("a", Some(9.0), None), true),
        (life("a", Some(9.0), None), life("a", Some(8.0), None), true),
        (life("a", Some(9.0), None), life("a", Some(7.0), None), false),
        (life("", Some(9.0), None), life("", Some(0.0), None), false),
        (life("", Some(9.0), Some(1e9)), life("", None, Some(2e9)), false),
        (life("", None, Some(1e9)), life("", None, Some(1e9 + 1.5)), true),
        (life("", None, Some(1e9)), life("", Some(5.0), None), true),
        // What Envoy says comes first.
        (life("", Some(8.0), Some(1e9)), life("", Some(9.0), Some(2e9)), true),
    ] {
        assert_eq!(now.continues(&was), expected, "{was:?} then {now:?}");
    }
    let page = "istio_agent_process_start_time_seconds 5\nenvoy_server_uptime{} 77\n";
    assert_eq!(reading(page).life, life("", Some(77.0), Some(5.0)));
}
