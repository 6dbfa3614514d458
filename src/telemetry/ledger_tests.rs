//! Counters followed from reading to reading: what grew, what went and came back, what is missing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::page::parse;
use crate::telemetry::{Filter, Reporter};

/// A pod's page with a counter and a histogram for each name.
fn page(series: &[(&str, u64)]) -> String {
    let mut page = "envoy_server_live 1\n".to_owned();
    for (name, count) in series {
        writeln!(page, "istio_requests_total{{s=\"{name}\"}} {count}").unwrap();
        let name = format!("{{s=\"{name}\"}} {count}");
        let metric = "istio_request_duration_milliseconds";
        let bucket = name.replace('}', ",le=\"50\"}");
        write!(page, "{metric}_bucket{bucket}\n{metric}_sum{name}\n{metric}_count{name}\n")
            .unwrap();
    }
    page
}

fn insert(snapshot: &mut Snapshot, pod: &str, life: &str, page: &str) {
    snapshot.insert(PodName::new("p", pod), life, parse(page).unwrap());
}

/// A reading of pod `a` alone.
fn reading(series: &[(&str, u64)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    insert(&mut snapshot, "a", "1", &page(series));
    snapshot
}

fn unread() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.absent(PodName::new("p", "a"), "1", "no answer");
    snapshot
}

/// What the window has of each series: all that grew. Durations must say the same.
fn counted(window: &Window) -> BTreeMap<String, u64> {
    let name = |labels: &exposition::Labels| labels.get("s").to_owned();
    let timed: BTreeMap<_, _> = window
        .durations
        .iter()
        .map(|(labels, all)| (name(labels), all.iter().map(Histogram::count).sum()))
        .collect();
    let counted: BTreeMap<_, _> =
        window.counters.iter().map(|(key, count)| (name(&key.labels), *count)).collect();
    assert_eq!(counted, timed);
    counted
}

fn said(window: &Window) -> Vec<String> {
    window.missing.iter().map(ToString::to_string).collect()
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

const NO_DURATIONS: &str = "p/a: istio_request_duration_milliseconds was reset (500 -> 40)";
const NO_REQUESTS: &str = "p/a: istio_requests_total was reset (500 -> 40)";

#[test]
fn series_are_followed_through_a_life() {
    type Series<'a> = &'a [(&'a str, u64)];
    type Case<'a> = (&'a str, &'a [Series<'a>], Series<'a>);
    let cases: [Case<'_>; 8] = [
        ("grew", &[&[("x", 5)], &[("x", 12)]], &[("x", 7)]),
        ("is new", &[&[("x", 5)], &[("x", 5), ("y", 3)]], &[("y", 3)]),
        ("is gone", &[&[("x", 5), ("y", 1)], &[("y", 2)]], &[("y", 1)]),
        ("grew, is gone", &[&[("x", 5)], &[("x", 9)], &[]], &[("x", 4)]),
        ("gone and back", &[&[("x", 5)], &[], &[("x", 3)]], &[("x", 3)]),
        ("gone at first", &[&[], &[("x", 3)], &[], &[("x", 2)]], &[("x", 5)]),
        ("more than before", &[&[("x", 5)], &[], &[("x", 9)]], &[("x", 9)]),
        ("twice", &[&[("x", 5)], &[], &[("x", 9)], &[], &[("x", 1)]], &[("x", 10)]),
    ];
    for (what, readings, expected) in cases {
        let mut ledger = Ledger::begin(&reading(readings[0]));
        let mut sum = Window::default();
        for next in &readings[1..] {
            let mark = ledger.mark();
            ledger.observe(&reading(next));
            sum.add(&ledger.since(&mark));
        }
        let window = ledger.window();
        assert_eq!(counted(&window), counts(expected), "{what}");
        assert_eq!(said(&window), [""; 0], "{what}");
        assert_eq!(sum, window, "{what}: in pieces");
    }
}

#[test]
fn a_reset_gives_no_figure_and_is_no_restart() {
    let mut ledger = Ledger::begin(&reading(&[("x", 500), ("y", 1)]));
    ledger.observe(&reading(&[("x", 40), ("y", 2)]));
    assert_eq!(counted(&ledger.window()), counts(&[("y", 1)]));
    assert_eq!(said(&ledger.window()), [NO_DURATIONS, NO_REQUESTS]);
    // What comes later can be counted again; the whole cannot, even when it has grown past it.
    let mark = ledger.mark();
    ledger.observe(&reading(&[("x", 900), ("y", 2)]));
    assert_eq!(counted(&ledger.since(&mark)), counts(&[("x", 860)]));
    assert_eq!(said(&ledger.since(&mark)), [""; 0]);
    assert_eq!(said(&ledger.window()), [NO_DURATIONS, NO_REQUESTS]);
    // Pieces of which one misses something miss it together, once.
    let mut sum = ledger.window();
    sum.add(&ledger.window());
    sum.add(&ledger.since(&mark));
    assert_eq!(said(&sum), [NO_DURATIONS, NO_REQUESTS]);
    assert_eq!(counted(&sum), counts(&[("x", 860), ("y", 2)]));
}

#[test]
fn expired_series_give_no_figure_and_no_restart() {
    let snapshot = |page: &str| {
        let mut snapshot = Snapshot::default();
        insert(&mut snapshot, "basket-1", "uid+0", page);
        snapshot
    };
    let before = snapshot(include_str!("pages/expired-before.txt"));
    let after = snapshot(include_str!("pages/expired-after.txt"));
    let window = Window::between(&before, &after);
    assert_eq!(window.requests(&Filter::default()).total(), 0);
    assert_eq!(window.durations(&Filter::default()).count, 0);
    let said = said(&window).join("\n").replace("p/basket-1", "p/a");
    assert_eq!(said, format!("{NO_DURATIONS}\n{NO_REQUESTS}"));
    let to = |version: &str| Filter {
        reporter: Some(Reporter::Source),
        destination_version: Some(version.to_owned()),
        ..Filter::default()
    };
    for metric in [super::super::Metric::Requests, super::super::Metric::Durations] {
        assert_eq!(window.missing(&to("v1"), metric).len(), 1, "{metric:?}");
        assert_eq!(window.missing(&to("v2"), metric).len(), 0, "{metric:?}: 70, and no more");
    }
}

#[test]
fn a_pod_that_could_not_be_read_is_missing_until_it_is_read() {
    let mut ledger = Ledger::begin(&reading(&[("x", 5)]));
    let begin = ledger.mark();
    ledger.observe(&unread());
    assert_eq!(said(&ledger.window()), ["p/a: it could not be read: no answer"]);
    assert_eq!(counted(&ledger.window()), counts(&[]));
    let in_between = ledger.mark();
    ledger.observe(&reading(&[("x", 9)]));
    assert_eq!(ledger.window(), ledger.since(&begin));
    assert_eq!(counted(&ledger.window()), counts(&[("x", 4)]), "the whole is known again");
    assert_eq!(said(&ledger.window()), [""; 0]);
    assert_eq!(said(&ledger.since(&in_between)), ["p/a: it could not be read: no answer"]);
    // Unread at first: what it had counted before is not known.
    let mut ledger = Ledger::begin(&unread());
    ledger.observe(&reading(&[("x", 9)]));
    assert_eq!(said(&ledger.window()), ["p/a: it could not be read: no answer"]);
    let mark = ledger.mark();
    ledger.observe(&reading(&[("x", 11)]));
    assert_eq!(counted(&ledger.since(&mark)), counts(&[("x", 2)]));
}

#[test]
fn a_metric_or_a_series_that_could_not_be_read_is_missing_until_it_is_read() {
    let good = |count| reading(&[("x", count), ("y", count)]);
    let with = |count, extra: &str| {
        let mut snapshot = Snapshot::default();
        insert(&mut snapshot, "a", "1", &(page(&[("x", count), ("y", count)]) + extra));
        snapshot
    };
    let requests = |window: &Window| window.requests(&Filter::default()).total();
    for (extra, expected, partial) in [
        ("istio_requests_total{s=\"x} 1\n", "line 10: a label's value is not quoted to its end", 0),
        ("istio_requests_total{s=\"x\"} 0\n", "istio_requests_total occurs twice", 2),
    ] {
        let mut ledger = Ledger::begin(&good(5));
        ledger.observe(&with(7, extra));
        let mark = ledger.mark();
        let window = ledger.window();
        assert_eq!(said(&window).len(), 1, "{window:?}");
        assert!(said(&window)[0].contains(expected), "{:?}", said(&window));
        assert_eq!(requests(&window), partial);
        assert_eq!(window.durations(&Filter::default()).count, 4, "timed all the same");
        ledger.observe(&good(9));
        assert_eq!(counted(&ledger.window()), counts(&[("x", 4), ("y", 4)]));
        assert_eq!(said(&ledger.window()), [""; 0]);
        assert_eq!(said(&ledger.since(&mark)).len(), 1);
        // It goes before it could be read once more.
        ledger.observe(&with(9, extra));
        ledger.observe(&reading(&[("y", 9)]));
        assert_eq!(said(&ledger.window()).len(), usize::from(extra.ends_with("0\n")));
    }
}

#[test]
fn what_an_unread_metric_does_not_show_is_not_gone() {
    for (later, expected, missing) in [(9, &[("x", 4)][..], 0), (3, &[], 1)] {
        let mut ledger = Ledger::begin(&reading(&[("x", 5)]));
        let mut cut = Snapshot::default();
        let odd = page(&[]) + "istio_requests_total{s=\"x} 7\n";
        insert(&mut cut, "a", "1", &odd);
        ledger.observe(&cut);
        ledger.observe(&reading(&[("x", later)]));
        let window = ledger.window();
        let counted = window.counters.iter().map(|(key, n)| (key.labels.get("s"), *n));
        assert_eq!(counted.collect::<Vec<_>>(), expected);
        assert_eq!(window.missing.len(), missing, "{:?}", said(&window));
    }
}

#[test]
fn only_a_pod_that_says_so_has_restarted() {
    let snapshot = |life: &str, uptime: u64, count: u64| {
        let mut snapshot = Snapshot::default();
        let uptime = format!("envoy_server_uptime {uptime}\n");
        insert(&mut snapshot, "a", life, &(page(&[("x", count)]) + &uptime));
        snapshot
    };
    for (was, now, restarted) in [
        (snapshot("uid+0", 10, 5), snapshot("uid+0", 20, 9), false),
        (snapshot("uid+0", 10, 5), snapshot("uid+1", 20, 9), true),
        (snapshot("uid+0", 10, 5), snapshot("uid+0", 3, 9), true),
        (snapshot("", 10, 5), snapshot("", 3, 2), true),
        (snapshot("", 10, 5), snapshot("", 10, 7), false),
    ] {
        let mut ledger = Ledger::begin(&was);
        ledger.observe(&now);
        let window = ledger.window();
        assert_eq!(said(&window) == ["p/a restarted"], restarted, "{now:?}");
        assert_eq!(counted(&window).is_empty(), restarted, "{now:?}");
        // Its new life is followed like any other.
        let mark = ledger.mark();
        ledger.observe(&now);
        assert_eq!(said(&ledger.since(&mark)), [""; 0]);
        assert_eq!(counted(&ledger.since(&mark)), counts(&[]));
    }
    // It restarted while it could not be read.
    let mut ledger = Ledger::begin(&snapshot("uid+0", 10, 5));
    let mut away = Snapshot::default();
    away.absent(PodName::new("p", "a"), "uid+1", "no answer");
    ledger.observe(&away);
    ledger.observe(&snapshot("uid+1", 9, 3));
    assert_eq!(said(&ledger.window()), ["p/a restarted"]);
}

#[test]
fn a_page_that_lost_its_proxys_part_is_not_a_page_of_gone_series() {
    let with_uptime = page(&[("x", 5)]) + "envoy_server_uptime 10\n";
    let mut before = Snapshot::default();
    insert(&mut before, "a", "1", &with_uptime);
    // The application is an Envoy too.
    let after = reading(&[]);
    let window = Window::between(&before, &after);
    assert_eq!(said(&window), ["p/a: its page has nothing of its proxy's"]);
}

#[test]
fn pods_that_come_count_from_zero_and_pods_that_go_are_missing() {
    let both = |a: Option<u64>, b: Option<u64>| {
        let mut snapshot = Snapshot::default();
        for (pod, count) in [("a", a), ("b", b)] {
            if let Some(count) = count {
                insert(&mut snapshot, pod, "1", &page(&[(pod, count)]));
            }
        }
        snapshot
    };
    let mut ledger = Ledger::begin(&both(Some(5), None));
    ledger.observe(&both(Some(8), Some(2)));
    assert_eq!(counted(&ledger.window()), counts(&[("a", 3), ("b", 2)]));
    let with_both = ledger.mark();
    ledger.observe(&both(None, Some(4)));
    assert_eq!(said(&ledger.window()), ["p/a vanished"]);
    assert_eq!(counted(&ledger.window()), counts(&[("b", 4)]), "what is known of a is not all");
    let without_a = ledger.mark();
    ledger.observe(&both(None, Some(5)));
    assert_eq!(said(&ledger.since(&with_both)), ["p/a vanished"]);
    assert_eq!(said(&ledger.since(&without_a)), [""; 0], "it was gone already");
    ledger.observe(&both(Some(9), Some(5)));
    assert_eq!(counted(&ledger.window()), counts(&[("a", 4), ("b", 5)]), "it is back");
    assert_eq!(said(&ledger.since(&without_a)), ["p/a vanished"]);
    ledger.observe(&both(None, Some(5)));
    assert_eq!(said(&ledger.since(&without_a)), ["p/a vanished"], "it was there in between");
}

#[test]
fn replicas_add_up_and_one_that_is_missing_leaves_the_other() {
    let both = |a: u64, b: u64| {
        let mut snapshot = Snapshot::default();
        insert(&mut snapshot, "a", "1", &page(&[("x", a)]));
        insert(&mut snapshot, "b", "1", &page(&[("x", b)]));
        snapshot
    };
    let mut ledger = Ledger::begin(&both(500, 1));
    ledger.observe(&both(510, 8));
    assert_eq!(counted(&ledger.window()), counts(&[("x", 17)]));
    let mut ledger = Ledger::begin(&both(500, 1));
    ledger.observe(&both(40, 8));
    assert_eq!(counted(&ledger.window()), counts(&[("x", 7)]));
    assert_eq!(said(&ledger.window()), [NO_DURATIONS, NO_REQUESTS]);
}

#[test]
fn histograms_that_cannot_be_compared_are_missing() {
    let snapshot = |buckets: &[(&str, u64)]| {
        let mut text = "envoy_server_live 1\n".to_owned();
        let name = "istio_request_duration_milliseconds";
        for (bound, count) in buckets {
            writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}").unwrap();
        }
        let count = buckets.last().unwrap().1;
        write!(text, "{name}_sum 9\n{name}_count {count}\n").unwrap();
        let mut snapshot = Snapshot::default();
        insert(&mut snapshot, "a", "1", &text);
        snapshot
    };
    let before = snapshot(&[("1", 4), ("5", 6)]);
    for (after, expected) in [
        (snapshot(&[("1", 4), ("9", 6)]), "has other buckets than before"),
        (snapshot(&[("1", 3), ("5", 9)]), "was reset: some of its buckets shrank"),
        (snapshot(&[("1", 1), ("5", 1)]), "was reset (6 -> 1)"),
    ] {
        let mut ledger = Ledger::begin(&before);
        ledger.observe(&after);
        let said = said(&ledger.window());
        assert_eq!(said, [format!("p/a: istio_request_duration_milliseconds {expected}")]);
        assert_eq!(ledger.window().durations(&Filter::default()).count, 0);
        let mark = ledger.mark();
        ledger.observe(&after);
        assert_eq!(ledger.since(&mark), Window::default());
    }
}

/// What happens to a series between two readings.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Grows(u64),
    /// Its proxy gives it up, if it may.
    GivenUp,
    /// It falls to less, and nobody saw it gone.
    Reset(u64),
}

#[derive(Debug, Default, Clone)]
struct Truth {
    total: u64,
    shown: Option<u64>,
    /// Since it was last read.
    grew: bool,
    resets: usize,
}

impl Truth {
    fn go_on(&mut self, happens: Happens, is_read: bool) {
        match (happens, self.shown) {
            (Happens::GivenUp, _) if is_read && !self.grew => self.shown = None,
            (Happens::Reset(to), Some(shown)) if is_read && !self.grew && to < shown => {
                self.shown = Some(to);
                self.resets += 1;
            }
            (Happens::Grows(more), shown) if more > 0 => {
                self.total += more;
                self.shown = Some(shown.unwrap_or_default() + more);
                self.grew = true;
            }
            _ => {}
        }
        if is_read {
            self.grew = false;
        }
    }
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (0_u64..50).prop_map(Happens::Grows),
        3 => Just(Happens::GivenUp),
        1 => (0_u64..50).prop_map(Happens::Reset),
    ]
}

const NAMES: [&str; 3] = ["x", "y", "z"];

proptest! {
    #[test]
    fn a_window_is_the_truth_or_says_that_it_is_not(
        steps in prop::collection::vec((prop::array::uniform3(happens()), 0_u8..6), 2..9),
    ) {
        let mut truths: [Truth; 3] = Default::default();
        let mut ledger = Ledger::default();
        let mut past: Vec<(Mark, [Truth; 3], bool)> = Vec::new();
        for (happens, luck) in steps {
            let is_read = luck > 0;
            for (truth, happens) in truths.iter_mut().zip(happens) {
                truth.go_on(happens, is_read);
            }
            let shown = NAMES.iter().zip(&truths).filter_map(|(name, t)| Some((*name, t.shown?)));
            let shown: Vec<_> = shown.collect();
            ledger.observe(&if is_read { reading(&shown) } else { unread() });
            past.push((ledger.mark(), truths.clone(), is_read));
            let mut whole = true;
            let mut sum = Window::default();
            for (index, (mark, then, was_read)) in past.iter().enumerate().rev() {
                let window = ledger.since(mark);
                if let Some((next, _, _)) = past.get(index + 1) {
                    let piece = Ledger { begin: mark.clone(), now: next.clone() }.window();
                    whole &= piece.missing.is_empty();
                    sum.add(&piece);
                }
                if !(is_read && *was_read) {
                    prop_assert_eq!(counted(&window), counts(&[]));
                    prop_assert_eq!(said(&window), ["p/a: it could not be read: no answer"]);
                    continue;
                }
                let mut expected = BTreeMap::new();
                for ((name, now), then) in NAMES.iter().zip(&truths).zip(then) {
                    let known = now.resets == then.resets;
                    let told = window.missing.iter().filter(|missing| match &missing.what {
                        Part::Series { labels, .. } => labels.get("s") == *name,
                        Part::Pod | Part::Metric(_) => true,
                    });
                    prop_assert_eq!(told.count(), if known { 0 } else { 2 }, "{}", name);
                    if known && now.total > then.total {
                        expected.insert((*name).to_owned(), now.total - then.total);
                    }
                }
                prop_assert_eq!(counted(&window), expected.clone());
                if whole {
                    prop_assert_eq!(counted(&sum), expected);
                }
            }
        }
    }
}
