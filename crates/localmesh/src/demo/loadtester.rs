//! loadtester: bursts against the agency as fortio makes them with the demo's arguments: with more
//! connections than calls, every connection makes one call at the same moment, and the first one
//! makes the rest. None of the demo's headers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use http::HeaderMap;

use super::burst::Plan;
use super::client::Client;
use super::kit::Kit;
use crate::image::Container;

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
