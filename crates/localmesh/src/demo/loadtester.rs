//! loadtester: bursts against the agency as fortio makes them with the demo's arguments: with more
//! connections than calls, every connection makes one call at the same moment, and the first one
//! makes the rest. None of the demo's headers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use http::HeaderMap;

use super::client::Client;
use super::kit::{Env, Kit};
use crate::image::Container;

/// How many connections are opened at most; the demo opens 50.
const CONNECTIONS_MAX: u64 = 1000;

/// How many calls a burst has at most.
const CALLS_MAX: u64 = 1_000_000;

/// The shortest and the longest pause between bursts.
const SLEEP_MIN: Duration = Duration::from_millis(100);
const SLEEP_MAX: Duration = Duration::from_hours(1);

/// One burst.
#[derive(Debug, Clone, PartialEq)]
struct Plan {
    /// How many calls each connection makes.
    calls: Vec<u64>,
    /// How long each connection waits from one call to the next; `None`: as fast as it can.
    every: Option<Duration>,
    /// The pause after the burst.
    sleep: Duration,
}

/// What became of a burst's calls: how many had which code (-1 for a transport error, as fortio
/// shows it), and how long they took together.
#[derive(Debug, Default)]
struct Tally {
    codes: BTreeMap<i32, u64>,
    took: Duration,
}

/// Runs the load tester.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let plan = Plan::of(&kit.env);
    let service = kit.env.service("TRAVELS_AGENCY_SERVICE", "http://localhost:8090");
    let url = format!("{service}/travels");
    loop {
        tokio::select! {
            () = burst(&kit, &plan, &url) => {}
            () = kit.stop.cancelled() => return Ok(()),
        }
    }
}

async fn burst(kit: &Kit, plan: &Plan, url: &str) {
    let connections = plan.calls.len();
    kit.lines.say(|| {
        let calls: u64 = plan.calls.iter().sum();
        format!("(stand-in for fortio) Starting: {connections} connections, {calls} calls, {url}")
    });
    // Each burst is a program of its own with connections of its own.
    let client = Client::new(Arc::clone(&kit.dial), kit.tasks(), connections);
    let began = Instant::now();
    let threads = plan.calls.iter().map(|calls| thread(&client, url, *calls, plan.every));
    let mut all = Tally::default();
    for tally in join_all(threads).await {
        all.took += tally.took;
        for (code, count) in tally.codes {
            *all.codes.entry(code).or_default() += count;
        }
    }
    all.tell(kit, began.elapsed());
    drop(client);
    tokio::time::sleep(plan.sleep).await;
}

async fn thread(client: &Client, url: &str, calls: u64, every: Option<Duration>) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..calls {
        let began = Instant::now();
        let code = match client.get(url, HeaderMap::new()).await {
            Ok(reply) => i32::from(reply.status.as_u16()),
            Err(_) => -1,
        };
        tally.took += began.elapsed();
        *tally.codes.entry(code).or_default() += 1;
        if let Some(rest) = every.and_then(|every| every.checked_sub(began.elapsed())) {
            tokio::time::sleep(rest).await;
        }
    }
    tally
}

// === impl Plan ===

impl Plan {
    /// fortio's division of calls among connections: evenly, the remainder to the first, and at
    /// least one each. So 20 calls over 50 connections are 20 and 49 times 1.
    fn of(env: &Env) -> Self {
        let connections = env.number("CONNECTIONS").unwrap_or(50).clamp(1, CONNECTIONS_MAX);
        let calls = env.number("NUMCALLS").unwrap_or(20).clamp(1, CALLS_MAX);
        let (each, rest) = (calls / connections, calls % connections);
        let of = |connection| (each + if connection == 0 { rest } else { 0 }).max(1);
        let rate = env.get("RATE").and_then(|rate| rate.parse::<f64>().ok()).unwrap_or(0.0);
        let every = (rate > 0.0).then(|| Duration::try_from_secs_f64(connections as f64 / rate));
        let sleep = env.get("SLEEP").and_then(|sleep| sleep.parse::<f64>().ok()).unwrap_or(5.0);
        let sleep = Duration::try_from_secs_f64(sleep).unwrap_or(SLEEP_MIN);
        Self {
            calls: (0..connections).map(of).collect(),
            every: every.and_then(Result::ok).map(|every| every.min(SLEEP_MAX)),
            sleep: sleep.clamp(SLEEP_MIN, SLEEP_MAX),
        }
    }
}

// === impl Tally ===

impl Tally {
    /// The end of fortio's report.
    fn tell(&self, kit: &Kit, elapsed: Duration) {
        let calls: u64 = self.codes.values().sum();
        let share = |count: u64| 100.0 * count as f64 / calls.max(1) as f64;
        for (code, count) in &self.codes {
            kit.lines.say(|| format!("Code {code:3} : {count} ({:.1} %)", share(*count)));
        }
        let average = self.took.as_secs_f64() * 1000.0 / calls.max(1) as f64;
        let rate = calls as f64 / elapsed.as_secs_f64().max(0.001);
        kit.lines.say(|| {
            format!("All done {calls} calls (plus 0 warmup) {average:.3} ms avg, {rate:.1} qps")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_arguments_make_69_calls() {
        let plan = Plan::of(&Env::of(&[("CONNECTIONS", "50"), ("NUMCALLS", "20"), ("RATE", "0")]));
        assert_eq!(plan.calls.iter().sum::<u64>(), 69);
        assert_eq!((plan.calls.len(), plan.calls[0], plan.calls[49]), (50, 20, 1));
        assert_eq!(plan.every, None);
        assert_eq!(plan.sleep, Duration::from_secs(5));
        assert_eq!(plan, Plan::of(&Env::of(&[])));
    }

    #[test]
    fn other_and_absurd_arguments_make_a_bounded_plan() {
        let env = [("CONNECTIONS", "4"), ("NUMCALLS", "10"), ("RATE", "8"), ("SLEEP", "0.5")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!(plan.calls, [4, 2, 2, 2]);
        assert_eq!(plan.every, Some(Duration::from_millis(500)));
        assert_eq!(plan.sleep, Duration::from_millis(500));
        let env = [("CONNECTIONS", "99999999"), ("NUMCALLS", "-3"), ("RATE", "x"), ("SLEEP", "-1")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!(plan.calls.len(), 1000);
        assert_eq!((plan.every, plan.sleep), (None, SLEEP_MIN));
        let env = [("CONNECTIONS", "0"), ("NUMCALLS", "0"), ("RATE", "1e-300"), ("SLEEP", "NaN")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!((plan.calls, plan.every, plan.sleep), (vec![1], None, SLEEP_MIN));
    }
}
