//! Which ledgers agree: a client of a small shop, its own proxy, and the proxies of what it calls.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;
use crate::application::Application;
use crate::load::ledger::Answer;
use crate::telemetry::page::parse;
use crate::telemetry::{PodName, Snapshot};

const SHOP: &str = "
application: shop
namespaces: [shop]
services:
  cart: {namespace: shop, port: 80, versions: [v1, v2]}
clients:
  web: {namespace: shop, workload: web, calls: cart, paths: [/]}
";

/// What a proxy counted: its side, how a request ended (code and flags), what it reached, how many.
type Line = (&'static str, &'static str, &'static str, &'static str, u64);

const SENT: Line = ("source", "200", "-", "cart-v1", 0);
const ARRIVED: Line = ("destination", "200", "-", "cart-v1", 0);

fn of(line: Line, count: u64) -> Line {
    (line.0, line.1, line.2, line.3, count)
}

fn shop() -> Application {
    Application::parse(SHOP, std::path::PathBuf::new()).expect("an application")
}

/// All that was counted, in the words of the client's proxy and of the cart's.
fn window(lines: &[Line]) -> Window {
    let page = |side: &str| {
        let mut text = "envoy_server_uptime{} 9\n".to_owned();
        for (reporter, code, flags, workload, count) in lines.iter().filter(|one| one.0 == side) {
            let _ = writeln!(
                text,
                "istio_requests_total{{reporter=\"{reporter}\",\
                 source_workload=\"faultless-load-web\",\
                 source_workload_namespace=\"shop\",destination_service_name=\"cart\",\
                 destination_service_namespace=\"shop\",\
                 destination_service=\"cart.shop.svc.cluster.local\",\
                 destination_workload=\"{workload}\",destination_workload_namespace=\"shop\",\
                 destination_version=\"v1\",response_code=\"{code}\",\
                 response_flags=\"{flags}\"}} {count}"
            );
        }
        parse(&text).expect("a page")
    };
    let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
    for (pod, side) in [("faultless-load-web-1", "source"), ("cart-v1-1", "destination")] {
        let nothing = parse("envoy_server_uptime{} 1\n").expect("a page");
        before.insert(PodName::new("shop", pod), "1", nothing);
        after.insert(PodName::new("shop", pod), "1", page(side));
    }
    Window::between(&before, &after)
}

/// A client with so many answers, and so many requests that got no connection.
fn client(answers: u32, refused: u32) -> Tally {
    let mut tally = Tally::default();
    let at = Instant::now();
    for number in 0..answers + refused {
        tally.start();
        tally.send(at, at);
        let outcome = match number < answers {
            true => Ok(Answer { status: 200, empty: false }),
            false => Err((Failure::Refused, "refused".to_owned())),
        };
        tally.end(at, at, at + Duration::from_millis(5), outcome);
    }
    tally
}

fn doubts(amplified: &[&str], lines: &[Line], tally: &Tally) -> Vec<(Reporter, String)> {
    let amplified: Vec<ServiceName> =
        amplified.iter().map(|name| name.parse().expect("a name")).collect();
    let doubts = compare(&shop(), &amplified, &window(lines), "web", tally).expect("compared");
    doubts.into_iter().map(|doubt| (doubt.side, doubt.text)).collect()
}

#[test]
fn ledgers_that_agree_leave_no_doubt() {
    assert_eq!(doubts(&[], &[of(SENT, 40), of(ARRIVED, 40)], &client(40, 0)), []);
    // What never got a connection is in nobody's ledger.
    assert_eq!(doubts(&[], &[of(SENT, 40), of(ARRIVED, 40)], &client(40, 3)), []);
}

#[test]
fn each_side_is_doubted_for_itself() {
    let (client, all) = (client(40, 0), [of(SENT, 38), of(ARRIVED, 38)]);
    let [(side, text)] = &doubts(&[], &all, &client)[..] else { panic!("one doubt") };
    assert_eq!(*side, Reporter::Source);
    assert!(text.contains("the client counted 40 requests, its own proxy 38"), "{text}");

    let [(side, text)] = &doubts(&[], &[of(SENT, 40), of(ARRIVED, 39)], &client)[..] else {
        panic!("one doubt")
    };
    assert_eq!(*side, Reporter::Destination);
    assert!(text.contains("sent 40 requests, and 39 arrived"), "{text}");
}

#[test]
fn what_never_arrived_is_expected_nowhere() {
    // No host was picked: a fault, an overflow, no healthy host, no route.
    for flags in ["FI", "UO", "UH", "NR"] {
        let lines = [of(SENT, 30), ("source", "503", flags, "unknown", 10), of(ARRIVED, 30)];
        assert_eq!(doubts(&[], &lines, &client(40, 0)), [], "{flags}");
    }
    // The client was gone before an answer: whether it arrived depends on when it left.
    for arrived in [30, 35, 40] {
        let lines = [of(SENT, 30), ("source", "0", "DC", "cart-v1", 10), of(ARRIVED, arrived)];
        assert_eq!(doubts(&[], &lines, &client(40, 0)), [], "{arrived}");
    }
    let lines = [of(SENT, 30), ("source", "0", "DC", "cart-v1", 10), of(ARRIVED, 29)];
    assert_eq!(doubts(&[], &lines, &client(40, 0)).len(), 1);
}

#[test]
fn more_may_arrive_only_where_something_multiplies() {
    let lines = [of(SENT, 40), of(ARRIVED, 60)];
    assert_eq!(doubts(&["cart"], &lines, &client(40, 0)), []);
    assert_eq!(doubts(&["cart.shop"], &lines, &client(40, 0)), []);
    assert_eq!(doubts(&["cart.elsewhere"], &lines, &client(40, 0)).len(), 1);
    assert_eq!(doubts(&[], &lines, &client(40, 0)).len(), 1);
    // Less may not, multiplied or not.
    assert_eq!(doubts(&["cart"], &[of(SENT, 40), of(ARRIVED, 39)], &client(40, 0)).len(), 1);
}

#[test]
fn a_part_that_is_missing_is_doubted_by_those_who_need_it_and_not_here() {
    let mut before = Snapshot::default();
    let mut after = Snapshot::default();
    for snapshot in [&mut before, &mut after] {
        snapshot.absent(PodName::new("shop", "faultless-load-web-1"), "1", "503 of the kubelet");
    }
    let window = Window::between(&before, &after);
    assert_eq!(window.missing.len(), 1);
    let doubts = compare(&shop(), &[], &window, "web", &client(40, 0)).expect("compared");
    assert_eq!(doubts, []);
}
