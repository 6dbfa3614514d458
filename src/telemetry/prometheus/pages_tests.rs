//! Two pods of a shop as a Prometheus has them, one of them scraped at both of its ports; the
//! answers are written by hand in the API's form.

use super::*;
use crate::telemetry::prometheus::pods;
use crate::telemetry::{Filter, Ledger, Metric, Snapshot};

/// An answer with these series, each with its value.
fn answer(series: &[(&str, f64)]) -> Samples {
    let series: Vec<String> = series
        .iter()
        .map(|(metric, value)| format!("{{\"metric\":{metric},\"value\":[1000,\"{value}\"]}}"))
        .collect();
    let text = format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{}]}}}}",
        series.join(",")
    );
    Samples::parse(text.as_bytes()).unwrap()
}

const MERGED: &str = r#"{"instance":"10.0.0.1:15020","job":"pods","app":"cart","namespace":"shop",
"pod":"cart-1"}"#;
const OWN: &str =
    r#"{"instance":"10.0.0.1:15090","job":"envoys","namespace":"shop","pod":"cart-1"}"#;
const WEB: &str = r#"{"instance":"10.0.0.2:15020","job":"old","kubernetes_namespace":"shop",
"kubernetes_pod_name":"web-1"}"#;

/// A series of a target.
fn of(target: &str, name: &str, labels: &str) -> String {
    let end = target.len() - 1;
    format!("{},\"__name__\":\"{name}\"{labels}}}", &target[..end])
}

const REQUESTS: &str = "istio_requests_total";
const LABELS: &str = r#","reporter":"source","response_code":"200""#;

fn cart() -> PodName {
    PodName::new("shop", "cart-1")
}

/// The value of a pod's one sample of requests.
fn requests(scraped: &Scraped) -> Vec<f64> {
    let mine = scraped.page.samples.iter().filter(|sample| sample.name == REQUESTS);
    mine.map(|sample| sample.value).collect()
}

#[test]
fn of_a_pod_that_is_scraped_twice_the_newest_sample_counts_and_nothing_is_added_up() {
    let merged = of(MERGED, REQUESTS, LABELS);
    let own = of(OWN, REQUESTS, LABELS);
    for (merged_at, own_at, expected) in [(10.0, 12.0, 9.0), (12.0, 10.0, 7.0)] {
        let targets = Targets::of(answer(&[(MERGED, merged_at), (OWN, own_at)]));
        assert_eq!(targets.newest(&cart()), Some(12.0));
        let all = pages(&targets, answer(&[(&merged, 7.0), (&own, 9.0)]));
        assert_eq!(requests(&all[&cart()]), [expected]);
        assert_eq!(all[&cart()].at, Some(12.0));
        // As the page had it: what Prometheus added is gone.
        let labels = &all[&cart()].page.samples[0].labels;
        let names: Vec<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["reporter", "response_code"]);
    }
}

#[test]
fn what_a_pods_envoy_said_is_as_old_as_the_target_that_told_it() {
    // The application's own port is scraped, too, and says nothing of Envoy's.
    let targets = Targets::of(answer(&[(MERGED, 20.0), (OWN, 10.0)]));
    let app = of(MERGED, "up", "");
    let own = of(OWN, "envoy_server_uptime", "");
    let all = pages(&targets, answer(&[(&app, 1.0), (&own, 5.0)]));
    assert_eq!(all[&cart()].at, Some(10.0));
    let all = pages(&targets, answer(&[(&app, 1.0)]));
    assert_eq!((all[&cart()].at, all[&cart()].page.lacks_envoy()), (None, true));
}

#[test]
fn pods_are_named_by_any_of_the_usual_labels_and_strangers_series_are_not_theirs() {
    let answered = answer(&[(WEB, 3.0), (r#"{"job":"node"}"#, 3.0)]);
    let web = PodName::new("shop", "web-1");
    assert_eq!(pods(&answered).into_iter().collect::<Vec<_>>(), std::slice::from_ref(&web));
    let targets = Targets::of(answered);
    let mine = of(WEB, REQUESTS, LABELS);
    // A kubelet tells of all pods of its node.
    let kubelets =
        of(r#"{"instance":"node","job":"kubelet","namespace":"shop","pod":"web-1"}"#, REQUESTS, "");
    let all = pages(&targets, answer(&[(&mine, 4.0), (&kubelets, 5.0)]));
    assert_eq!(all.len(), 1);
    assert_eq!(requests(&all[&web]), [4.0]);
}

#[test]
fn two_readings_make_an_exact_difference_and_a_restart_is_known() {
    let targets = Targets::of(answer(&[(MERGED, 1.0)]));
    let reading = |requests: f64, uptime: f64| {
        let (counter, up) = (of(MERGED, REQUESTS, LABELS), of(MERGED, "envoy_server_uptime", ""));
        let mut snapshot = Snapshot::default();
        for (pod, scraped) in pages(&targets, answer(&[(&counter, requests), (&up, uptime)])) {
            snapshot.insert(pod, "uid+0", scraped.page);
        }
        snapshot
    };
    let mut ledger = Ledger::begin(&reading(40.0, 100.0));
    let mark = ledger.mark();
    ledger.observe(&reading(65.0, 130.0));
    let window = ledger.since(&mark);
    assert_eq!(window.requests(&Filter::default()).total(), 25);
    assert!(window.missing.is_empty());
    ledger.observe(&reading(70.0, 3.0));
    let window = ledger.since(&mark);
    assert!(!window.missing(&Filter::default(), Metric::Requests).is_empty());
    // What is no number costs only its series.
    ledger.observe(&reading(f64::NAN, 9.0));
    let parts = ledger.since(&ledger.mark()).missing;
    assert!(parts[0].to_string().contains("is not a whole number"), "{}", parts[0]);
}
