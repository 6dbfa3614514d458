//! Pages as proxies and applications write them, line by line.

use std::fmt::Write as _;

use exposition::{Labels, MAX_BYTES, MAX_LABELS, MAX_LINE_BYTES};
use proptest::prelude::*;

use super::*;

const METRIC: &str = "istio_requests_total";

fn page(text: &str) -> Page {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn error(text: &str) -> Reason {
    parse(text).expect_err(text).reason
}

#[test]
fn what_envoy_writes() {
    let text = "# TYPE envoy_cluster_manager_cds_update_success counter\n\
        envoy_cluster_manager_cds_update_success{} 3\nenvoy_server_uptime{} 77\n\n\
        istio_requests_total{src=\"source\",response_flags=\"URX,UF\",path=\"/a{b}=c\"} 12\n\
        istio_tcp_sent_bytes_total 1\n\
        \tistio_requests_total { a = \"1\" , b=\"\" , } +Inf 1395066363000 \n";
    let page = page(text);
    assert_eq!((page.samples.len(), page.others, page.odd.len()), (4, 1, 0));
    assert!(!page.lacks_envoy());
    assert_eq!(page.samples[0].name, "envoy_server_uptime");
    assert_eq!(page.samples[1].labels.get("response_flags"), "URX,UF");
    assert_eq!(page.samples[1].labels.get("path"), "/a{b}=c");
    assert_eq!(page.samples[1].labels.get("none"), "");
    assert_eq!(page.samples[2].labels, Labels::default());
    assert_eq!(page.samples[3].labels.find("b"), Some(""), "there, and empty");
    assert_eq!(page.samples[3].labels.find("c"), None);
    assert!(page.samples[3].value.is_infinite());
}

#[test]
fn an_applications_openmetrics_cost_nothing() {
    let page = page(include_str!("pages/merged-openmetrics.txt"));
    let names: Vec<_> = page.samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names, [METRIC, "istio_agent_process_start_time_seconds"]);
    assert!((page.samples[0].value - 40.0).abs() < f64::EPSILON);
    assert_eq!(page.samples[0].labels.get("destination_version"), "v1");
    assert_eq!(page.odd, [], "what only the application says is not judged");
    assert_eq!((page.others, page.lacks_envoy()), (11, false));
}

#[test]
fn a_line_that_cannot_be_read_costs_itself_and_is_named() {
    for (line, metric, expected) in [
        ("M{a=\"1} 2", METRIC, Reason::Quotes),
        ("M{1a=\"\"} 1", METRIC, Reason::LabelName),
        ("M{,} 1", METRIC, Reason::LabelName),
        ("M{a:b=\"\"} 1", METRIC, Reason::Equals),
        ("M{a} 1", METRIC, Reason::Equals),
        ("M{count:3,sum:1} 1", METRIC, Reason::Equals),
        ("M{a=1} 1", METRIC, Reason::Quotes),
        ("M{a=\"\\t\"} 1", METRIC, Reason::Escape),
        ("M{a=\"\"b=\"\"} 1", METRIC, Reason::Separator),
        ("M{a=\"1\",a=\"2\"} 1", METRIC, Reason::LabelTwice),
        ("M", METRIC, Reason::MetricName),
        ("M-1 1", METRIC, Reason::MetricName),
        ("M\u{fffd}{} 1", METRIC, Reason::MetricName),
        ("M{}", METRIC, Reason::Value),
        ("M 1_000", METRIC, Reason::Value),
        ("M one", METRIC, Reason::Value),
        ("M 1 noon", METRIC, Reason::Timestamp),
        ("M 1 2 3", METRIC, Reason::Trailing),
        ("{\"M\",a=\"1} 3", METRIC, Reason::Quotes),
        ("{\"M\" a=\"1\"} 3", METRIC, Reason::MetricName),
        ("istio_req\u{fffd}ests_total{} 1", "istio_req", Reason::MetricName),
        ("1up 1", "1up", Reason::MetricName),
        ("http.server.active 1", "http", Reason::MetricName),
        ("{a=\"1\"} 1", "a", Reason::MetricName),
        ("<html>", "", Reason::MetricName),
    ] {
        let line = line.replacen('M', METRIC, 1);
        let page = page(&format!("# a page\n{line}\n{METRIC} 5\n"));
        let odd = OddLine { line: 2, metric: metric.to_owned(), reason: expected };
        assert_eq!(page.odd, [odd], "{line}");
        assert_eq!(page.samples.len(), 1, "{line}");
    }
    let page = page("\n\nistio_requests_total{a=\"1} 2\n");
    assert_eq!(page.odd[0].to_string(), "line 3: a label's value is not quoted to its end");
}

#[test]
fn a_page_without_envoys_part_is_told() {
    for (text, lacks) in [
        ("", true),
        ("istio_agent_scrape_failures_total{type=\"envoy\"} 1\nsales_total 3\n", true),
        ("istio_agent_process_start_time_seconds 1\n", true),
        ("istio_build{component=\"agent\",tag=\"1\"} 1\n", true),
        ("istio_build{component=\"proxy\",tag=\"1\"} 1\n", false),
        ("envoy_server_live{} 1\n", false),
        ("istio_tcp_sent_bytes_total 1\n", false),
        ("istio_response_bytes_count 1\n", false),
        ("istio_requests_total{a=\"1} 1\n", false),
    ] {
        assert_eq!(page(text).lacks_envoy(), lacks, "{text}");
    }
}

#[test]
fn pages_are_bounded() {
    assert_eq!(error(&"#\n".repeat(MAX_BYTES / 2 + 1)), Reason::PageTooLong);
    let reason = |text: &str| page(text).odd[0].reason;
    let blanks = " ".repeat(MAX_LINE_BYTES);
    assert_eq!(reason(&format!("{METRIC}{blanks} 1\n")), Reason::LineTooLong);
    assert_eq!(page(&format!("up{blanks} 1\n")).others, 1);
    let labels = (0..=MAX_LABELS).fold(String::new(), |mut all, n| {
        write!(all, "l{n}=\"\",").unwrap();
        all
    });
    assert_eq!(reason(&format!("{METRIC}{{{labels}}} 1\n")), Reason::TooManyLabels);
    let too_many = MAX_SAMPLES + MAX_FOREIGN_ODD + 1;
    assert_eq!(error(&format!("{METRIC} 1\n").repeat(too_many)), Reason::TooManySamples);
    assert_eq!(error(&format!("{METRIC} x\n").repeat(too_many)), Reason::TooManySamples);
    assert_eq!(page(&"up 1\n".repeat(too_many)).others, too_many);
    // An application may write what it likes, as often as it likes; ours is seen behind it.
    let odd = page(&("<p>\n".repeat(1_000) + METRIC + " x\n"));
    assert_eq!((odd.odd.len(), odd.more_odd), (MAX_FOREIGN_ODD + 1, 1_000 - MAX_FOREIGN_ODD));
    assert_eq!(odd.odd[MAX_FOREIGN_ODD].line, 1_001);
    let name = page(&format!("istio_{}! 1\n", "x".repeat(1_000)));
    assert_eq!(name.odd[0].metric.len(), MAX_ODD_NAME);
}

proptest! {
    #[test]
    fn no_line_of_ours_panics(text in "[a1_:{}=,\"\\\\n#\\+ \t\r\n.eINF-]{0,100}") {
        let _ = parse(&format!("{METRIC}{text}\n{{\"{METRIC}\"{text}\n"));
    }

    #[test]
    fn foreign_lines_cost_nothing(
        before in "[a-h1{}=,\" #.]{0,60}",
        after in "[a-h1{}=,\" #.]{0,60}",
    ) {
        let page = parse(&format!("{before}\n{METRIC} 7\n{after}\n")).unwrap();
        prop_assert_eq!(page.samples.len(), 1);
        prop_assert!(page.odd.iter().all(|odd| !odd.metric.starts_with("istio_")));
    }
}
