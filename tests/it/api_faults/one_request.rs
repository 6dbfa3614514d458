//! Requests that meet trouble, one by one, and a recovery and a restore in trouble.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::fault_proxy::{Rule, Trouble};
use super::shop::{Shop, Street};

const SLOW: Trouble = Trouble::Slow(Duration::from_millis(700));
const LATER: Trouble = Trouble::TooMany(1);

/// Requests by verb and kind that a run makes.
const REQUESTS: &[(&str, &str)] = &[
    ("GET", "virtualservices"),
    ("GET", "leases"),
    ("GET", "pods"),
    ("POST", "virtualservices"),
    ("POST", "destinationrules"),
    ("POST", "jobs"),
    ("POST", "leases"),
    ("PATCH", "virtualservices"),
    ("PATCH", "destinationrules"),
    ("PATCH", "leases"),
    ("DELETE", "virtualservices"),
    ("DELETE", "destinationrules"),
    ("DELETE", "jobs"),
    ("DELETE", "leases"),
];

/// A run under these rules.
struct Case {
    name: String,
    rules: Vec<Rule>,
    more: &'static [&'static str],
    code: i32,
}

impl Case {
    fn new(rules: Vec<Rule>, more: &'static [&'static str], code: i32) -> Self {
        Self { name: format!("{rules:?} {more:?}"), rules, more, code }
    }

    #[track_caller]
    fn try_in(&self, shop: &Shop) {
        let started = Instant::now();
        let said = shop.run(&self.rules, self.more);
        println!("{:.1} s: {}", started.elapsed().as_secs_f64(), self.name);
        assert!(shop.proxy.hits() > 0, "{}: nothing was hit: {said:?}", self.name);
        assert_eq!(said.code, Some(self.code), "{}: {said:?}", self.name);
        shop.proxy.plan(&[]);
        match self.code {
            4 => shop.is_told_truly(&self.name, &said),
            _ => shop.is_restored(&self.name),
        }
    }
}

/// Tries all cases, as many at once as there are shops. Most of them wait most of the time.
fn try_all(cases: Vec<Case>, shops: &[Shop]) {
    let (count, cases) = (cases.len(), Mutex::new(cases.into_iter()));
    std::thread::scope(|scope| {
        for shop in shops {
            let cases = &cases;
            scope.spawn(move || {
                loop {
                    let next = cases.lock().unwrap().next();
                    match next {
                        Some(case) => case.try_in(shop),
                        None => break,
                    }
                }
            });
        }
    });
    println!("{count} cases");
}

/// How many requests of these a run makes before anything else, to look whether it is possible:
/// what it cannot see then it says, and goes on.
fn looked_at(verb: &str, kind: &str) -> u32 {
    match (verb, kind) {
        // Those of the shop, those of the control plane, and a page of the latter.
        ("GET", "pods") => 3,
        // Whether somebody else has some for the same host.
        ("GET", "virtualservices") => 1,
        _ => 0,
    }
}

/// The exit code that a run deserves when one request of these is troubled once.
fn deserved(verb: &str, kind: &str, trouble: Trouble) -> i32 {
    let tried_again = verb == "DELETE" || (verb, kind) == ("PATCH", "leases");
    match trouble {
        // The client asks again by itself.
        Trouble::TooMany(_) | Trouble::Status(503) | Trouble::Slow(_) => 0,
        // What was done is found to be done.
        Trouble::LostAnswer if verb != "GET" => 0,
        // Who looks at the control plane before a change, and after it, looks again.
        _ if (verb, kind) == ("GET", "pods") => 0,
        _ if tried_again => 0,
        // The scenario could not go on.
        _ => 3,
    }
}

#[test]
fn one_request_in_trouble_leaves_nothing_behind() {
    let mut cases = Vec::new();
    let all = [500, 503, 409].map(Trouble::Status);
    for trouble in [&all[..], &[LATER, SLOW, Trouble::Reset, Trouble::LostAnswer]].concat() {
        for (verb, kind) in REQUESTS {
            let rule = Rule::first(1, verb, kind, trouble).but(looked_at(verb, kind));
            cases.push(Case::new(vec![rule], &[], deserved(verb, kind, trouble)));
        }
    }
    let (_street, shops) = Street::open(4);
    try_all(cases, &shops);
}

/// What a restore outlives, however often.
const OUTLIVED: [Trouble; 4] = [Trouble::Status(500), LATER, Trouble::Reset, Trouble::LostAnswer];

#[test]
fn a_recovery_in_trouble_goes_on_until_it_is_done() {
    let (_street, shops) = Street::open(4);
    std::thread::scope(|scope| {
        for (shop, trouble) in shops.iter().zip(OUTLIVED) {
            scope.spawn(move || {
                for (verb, kind) in REQUESTS {
                    // A recovery adds nothing and has no heartbeat; the Lease went with the Jobs.
                    let lease = *kind == "leases" && *verb != "GET";
                    if *verb == "POST" || lease {
                        continue;
                    }
                    // All changes are made, and the last one is not heard of.
                    shop.die_at("21:applied");
                    let rule = Rule::first(2, verb, kind, trouble);
                    let said = shop.recover(&[rule]);
                    assert_eq!(said.code, Some(0), "{rule:?}: {said:?}");
                    assert!(shop.proxy.hits() > 0, "{rule:?}: nothing was hit: {said:?}");
                    shop.proxy.plan(&[]);
                    shop.is_restored(&format!("{rule:?}"));
                }
            });
        }
    });
}

#[test]
fn a_restore_in_trouble_goes_on_until_it_is_done() {
    let mut cases = Vec::new();
    for trouble in OUTLIVED {
        // Each of these is past the last step: what it hits is the restore.
        for (verb, kind, after) in [
            ("PATCH", "virtualservices", 2),
            ("PATCH", "destinationrules", 1),
            ("DELETE", "virtualservices", 0),
            ("DELETE", "destinationrules", 0),
            ("DELETE", "jobs", 0),
            ("DELETE", "leases", 0),
        ] {
            let rule = Rule::first(3, verb, kind, trouble).but(after);
            cases.push(Case::new(vec![rule], &[], 0));
        }
    }
    // No watch is ever asked for, so that none can expire.
    let gone = Rule::all("WATCH", "", Trouble::Status(410));
    let (_street, shops) = Street::open(4);
    let said = shops[0].run(&[gone], &[]);
    assert_eq!((said.code, shops[0].proxy.watches()), (Some(0), 0), "{said:?}");
    try_all(cases, &shops);
}

#[test]
fn long_trouble_ends_restored_or_with_a_true_list() {
    let silence = |verb, kind| Rule::first(1, verb, kind, Trouble::Silence);
    let late = |verb, kind| Rule::first(1, verb, kind, Trouble::Slow(Duration::from_secs(23)));
    let never = |verb, kind| Rule::all(verb, kind, Trouble::Status(500));
    let outage = Trouble::Outage(Duration::from_secs(10));
    let cases = vec![
        Case::new(vec![never("DELETE", "virtualservices")], &["--no-dead-man"], 4),
        Case::new(vec![never("PATCH", "virtualservices").but(2)], &[], 4),
        // The owner goes, and takes along what could not be deleted.
        Case::new(vec![never("DELETE", "virtualservices")], &[], 3),
        Case::new(vec![Rule::first(1, "DELETE", "virtualservices", outage)], &[], 0),
        Case::new(vec![Rule::first(1, "PATCH", "virtualservices", outage).but(2)], &[], 0),
        Case::new(vec![Rule::first(1, "DELETE", "leases", outage)], &[], 0),
        Case::new(vec![Rule::first(1, "PATCH", "destinationrules", outage)], &[], 3),
        // A server that asks for an hour of patience gets 20 s.
        Case::new(vec![Rule::first(1, "DELETE", "jobs", Trouble::TooMany(3600))], &[], 0),
        // Given up after 20 s, these arrive when everything is restored.
        Case::new(vec![late("POST", "virtualservices")], &[], 3),
        Case::new(vec![late("PATCH", "virtualservices")], &[], 3),
        Case::new(vec![silence("POST", "virtualservices")], &[], 3),
        Case::new(vec![silence("PATCH", "virtualservices").but(2)], &[], 0),
        Case::new(vec![silence("DELETE", "destinationrules")], &[], 0),
        // Whoever looks at the control plane before a change looks again.
        Case::new(vec![silence("GET", "pods").but(looked_at("GET", "pods"))], &[], 0),
    ];
    let (_street, shops) = Street::open(cases.len());
    try_all(cases, &shops);
    for shop in &shops {
        shop.is_restored("in the end");
    }
}
