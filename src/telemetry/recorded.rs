//! Pages as a real pilot-agent served them on `:15020` (Istio between 1.31 and 1.32, Kubernetes
//! 1.34, mutual TLS): a web client asks a cart some ten times a second, read twice within 9 s; then
//! the cart's proxy is killed, and read once more. The cart has a metrics page of its own with a
//! line that is none, an exemplar and `# EOF`. Left out: comments, sizes, and most of what Envoy
//! and Go say of themselves.

use super::page::{Page, parse};
use super::{Filter, Ledger, Metric, PodName, Reporter, Snapshot, Window};

const CART: [&str; 3] = [
    include_str!("pages/agent-cart-1.txt"),
    include_str!("pages/agent-cart-2.txt"),
    include_str!("pages/agent-cart-3.txt"),
];
const WEB: [&str; 2] =
    [include_str!("pages/agent-web-1.txt"), include_str!("pages/agent-web-2.txt")];

fn page(text: &str) -> Page {
    parse(text).expect("a page")
}

fn snapshot(pages: &[(&str, &str)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (pod, text) in pages {
        // No incarnation: what the pages themselves say must do.
        snapshot.insert(PodName::new("shop", *pod), "", page(text));
    }
    snapshot
}

fn to_cart(reporter: Reporter) -> Filter {
    Filter::of(reporter, &"cart.shop".parse().expect("a name"))
}

#[test]
fn nothing_is_odd_and_what_the_application_says_is_not_judged() {
    for text in CART.iter().chain(&WEB) {
        let page = page(text);
        assert_eq!(page.odd, []);
        assert!(!page.lacks_envoy());
    }
    assert!(CART[0].contains("not a metric line at all {\n") && CART[0].ends_with("# EOF\n"));
}

#[test]
fn both_sides_counted_the_same_between_two_readings() {
    let [before, after] = [0, 1].map(|at| snapshot(&[("cart-1", CART[at]), ("web-1", WEB[at])]));
    let window = Window::between(&before, &after);
    assert_eq!(window.missing, []);
    for reporter in [Reporter::Source, Reporter::Destination] {
        let requests = window.requests(&to_cart(reporter));
        assert_eq!(requests.total(), 228 - 150, "{reporter:?}");
        assert_eq!(requests.with_flag("UH"), Some(0), "20 before, and none since");
        assert_eq!(requests.to_version("v1"), Some(78));
    }
    assert_eq!(window.requests(&to_cart(Reporter::Source)).arrivals(), (78, 78));
}

#[test]
fn durations_come_later_than_counts_and_are_waited_for() {
    let [before, after] = [0, 1].map(|at| snapshot(&[("cart-1", CART[at]), ("web-1", WEB[at])]));
    // At the first reading the cart had counted 150 and timed 117, the web client 170 and 128.
    assert_eq!(before.untimed(&before), 33 + 42);
    // At the second, all of those are timed; what has come since is not all timed yet.
    assert_eq!(after.untimed(&before), 0);
    assert_eq!(after.untimed(&after), 15 + 25);
}

#[test]
fn a_killed_proxy_is_known_by_its_own_words_and_costs_its_own_numbers() {
    let mut ledger = Ledger::begin(&snapshot(&[("cart-1", CART[1]), ("web-1", WEB[0])]));
    let mark = ledger.mark();
    ledger.observe(&snapshot(&[("cart-1", CART[2]), ("web-1", WEB[1])]));
    let window = ledger.since(&mark);
    let from_web =
        |reporter| Filter { source_workload: Some("web".to_owned()), ..to_cart(reporter) };
    let missing = |reporter| window.missing(&from_web(reporter), Metric::Requests).len();
    assert_eq!((missing(Reporter::Destination), missing(Reporter::Source)), (1, 0));
    let said: Vec<_> = window.missing.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["shop/cart-1 restarted"]);
    assert_eq!(window.requests(&to_cart(Reporter::Source)).total(), 78);
    // What comes after it counts again.
    let mark = ledger.mark();
    ledger.observe(&snapshot(&[("cart-1", CART[2]), ("web-1", WEB[1])]));
    assert_eq!(ledger.since(&mark).missing, []);
}
