//! What was seen since the last change: the proxies' exact counter differences and the clients' own
//! ledgers, gathered in chunks of load. Between two chunks nothing of ours is in flight, so the
//! three ledgers can be compared to the request.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use reports::{Event, ScenarioId};

use super::agents::Agents;
use super::application::Portal;
use super::run::Run;
use crate::error::{Error, Result};
use crate::load::{Failure, Shape, Spacing, State, StreamReport, StreamSpec, Tally};
use crate::target::Target;
use crate::telemetry::{Filter, PodName, Reporter, Snapshot, Window, exposition};
use crate::units::Rate;

/// The first chunk of load; long enough for a few hundred requests at the usual rates.
const CHUNK: Duration = Duration::from_secs(3);

/// Proxies count a request when its stream ends, which the client may notice first. On a machine
/// that is busy enough to need more, the generator misses its plan too.
const SETTLE: Duration = Duration::from_secs(3);

/// Between two looks at the agents while load runs.
const LOOK: Duration = Duration::from_millis(250);

/// How long a request may take at all before the client gives up and counts it as an error. Longer
/// than any delay a feature may ask for would hide a hang; a minute is longer than the suite.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Unanswered requests of one portal at once: a delay of 5 s at 500/s stays below it.
const IN_FLIGHT_MAX: u32 = 4_000;

/// Sidecars read at the same time: the API server is somebody's production too.
const SCRAPES_AT_ONCE: usize = 8;

/// The load that a scenario sends through every portal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Per portal.
    pub rate: Rate,
}

/// What was seen since the last change.
#[derive(Debug)]
pub struct Evidence {
    before: Snapshot,
    /// The proxies' differences over all chunks.
    pub window: Window,
    /// The clients' ledgers over all chunks, by portal.
    pub clients: BTreeMap<String, Tally>,
    /// How long load was sent.
    pub load_time: Duration,
}

// === impl Evidence ===

impl Evidence {
    /// Sends the first chunk of load and reads what came of it.
    pub async fn gather(run: &Run, scenario: ScenarioId, load: Load) -> Result<Self> {
        tokio::time::sleep_until(run.quiet_from().into()).await;
        let before = scrape(run).await?;
        let window = Window::between(&before, &before).map_err(|cause| unreadable(&cause))?;
        let mut evidence =
            Self { before, window, clients: BTreeMap::new(), load_time: Duration::ZERO };
        evidence.extend(run, scenario, load).await?;
        Ok(evidence)
    }

    /// Sends one more chunk and adds it.
    pub async fn extend(&mut self, run: &Run, scenario: ScenarioId, load: Load) -> Result<()> {
        let specs: BTreeMap<_, _> = (run.application.portals.iter())
            .map(|(name, portal)| Ok((name.clone(), spec(run, name, portal, load)?)))
            .collect::<Result<_>>()?;
        let ids = run.agents.send(&run.target, specs).await?;
        let reports = drain(run, scenario, &ids).await?;
        self.load_time += CHUNK;
        for (portal, report) in &reports {
            report.kept_plan().map_err(|cause| {
                Error::runner(format!("sending load through portal {portal}"), cause)
                    .hint("give the run more processor time, or a lower rate")
            })?;
        }
        for (portal, report) in reports {
            self.clients.entry(portal).or_default().add(&report.tally);
        }
        self.window = self.settled(run).await?;
        Ok(())
    }

    /// Reads the proxies until they have counted as many of the agents' requests as the agents
    /// have; a difference that stays is an error of the telemetry, and named.
    async fn settled(&self, run: &Run) -> Result<Window> {
        let started = Instant::now();
        loop {
            let after = scrape(run).await?;
            let window =
                Window::between(&self.before, &after).map_err(|cause| unreadable(&cause))?;
            let differences = self.differences(run, &window);
            if differences.is_empty() {
                return Ok(window);
            }
            if started.elapsed() > SETTLE {
                return Err(Error::runner("reconciling the ledgers", differences.join("; "))
                    .hint("the telemetry lost or invented requests; its verdicts mean nothing"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn differences(&self, run: &Run, window: &Window) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, portal) in &run.application.portals {
            let (namespace, workload) = Agents::workload(portal);
            let filter = Filter {
                reporter: Some(Reporter::Source),
                source_workload: Some(workload),
                source_namespace: Some(namespace),
                ..Filter::default()
            };
            let proxy = window.requests(&filter).total();
            let client = self.clients.get(name).map_or(0, reached_proxy);
            if proxy != client {
                differences.push(format!(
                    "portal {name}: the client counted {client} requests, its own proxy {proxy}"
                ));
            }
        }
        // Envoy merges its histograms less often than it counts.
        for reporter in [Reporter::Source, Reporter::Destination] {
            let filter = Filter { reporter: Some(reporter), ..Filter::default() };
            let (counted, timed) =
                (window.requests(&filter).total(), window.durations(&filter).count);
            if counted != timed {
                let who = reporter.as_str();
                differences.push(format!("the {who} proxies counted {counted}, timed {timed}"));
            }
        }
        differences
    }
}

fn unreadable(cause: &dyn std::fmt::Display) -> Error {
    Error::runner("comparing the proxies' counters before and after", cause)
        .hint("a pod that restarted during the measurement loses its counters; run again")
}

/// Waits until every stream has sent its plan and got every answer.
async fn drain(
    run: &Run,
    scenario: ScenarioId,
    ids: &BTreeMap<String, u64>,
) -> Result<BTreeMap<String, StreamReport>> {
    let deadline = Instant::now() + CHUNK + REQUEST_TIMEOUT + SETTLE;
    loop {
        let reports = run.agents.reports(&run.target, ids).await?;
        let sum = |count: fn(&Tally) -> u64| reports.values().map(|r| count(&r.tally)).sum();
        run.sink.tell(Event::LoadProgress {
            scenario,
            due: sum(|tally| tally.due),
            sent: sum(|tally| tally.sent),
            done: sum(|tally| tally.done),
            in_flight: sum(|tally| tally.in_flight),
            late: sum(|tally| tally.late),
            errors: sum(Tally::failed),
        });
        if reports.values().all(|report| report.state == State::Done) {
            return Ok(reports);
        }
        if Instant::now() > deadline {
            run.agents.stop_streams(&run.target, ids).await?;
            return Err(Error::runner("waiting for the answers to the load", "some never came"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Requests of which the client's own proxy must know: all that ended, but for those that never
/// got a connection.
fn reached_proxy(tally: &Tally) -> u64 {
    let failed = |failure| tally.by_error.get(&failure).copied().unwrap_or_default();
    tally.done.saturating_sub(failed(Failure::Refused) + failed(Failure::Dial))
}

fn spec(run: &Run, name: &str, portal: &Portal, load: Load) -> Result<StreamSpec> {
    let service =
        run.application.service(&portal.calls.parse().map_err(|cause| {
            Error::feature(format!("reading what portal {name} calls"), cause)
        })?)?;
    let url = format!("http://{}.{}:{}", service.name, service.namespace, service.port);
    let headers = portal.headers.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let shape = Shape::Open { rate: load.rate, spacing: Spacing::Even, ramp_ms: 0 };
    let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    Ok(StreamSpec {
        paths: portal.paths.clone(),
        headers,
        expect_json_nonempty: portal.expect_json_nonempty,
        duration_ms: Some(milliseconds(CHUNK)),
        timeout_ms: milliseconds(REQUEST_TIMEOUT),
        max_in_flight: IN_FLIGHT_MAX,
        ..StreamSpec::get(name, url, shape)
    })
}

/// Reads the statistics of every sidecar of the application.
async fn scrape(run: &Run) -> Result<Snapshot> {
    let namespaces = &run.application.namespaces;
    let mut pods = Vec::new();
    for namespace in namespaces {
        pods.extend(run.target.pods(namespace, "").await?);
    }
    let target: &Target = &run.target;
    let pages: Vec<_> = stream::iter(pods.into_iter().filter(|pod| pod.sidecar))
        .map(|pod| async move {
            let page = target.pod_get(&pod, 15020, "/stats/prometheus").await?;
            Ok::<_, Error>((pod, page))
        })
        .buffer_unordered(SCRAPES_AT_ONCE)
        .try_collect()
        .await?;
    let mut snapshot = Snapshot::default();
    for (pod, page) in pages {
        let doing = || format!("reading the statistics of {}/{}", pod.namespace, pod.name);
        let samples = exposition::parse(&page).map_err(|cause| Error::runner(doing(), cause))?;
        snapshot
            .insert(PodName::new(&pod.namespace, &pod.name), &pod.incarnation, samples)
            .map_err(|cause| Error::runner(doing(), cause))?;
    }
    Ok(snapshot)
}
