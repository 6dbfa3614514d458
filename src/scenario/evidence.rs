//! What was seen since the last change: the proxies' exact counter differences and the clients' own
//! ledgers, gathered in chunks of load. Between two chunks nothing of ours is in flight, so the
//! three ledgers can be compared to the request.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use reports::{Event, ScenarioId};

use super::count::{beside, filter};
use super::expectation::called;
use super::load::{Load, REQUEST_TIMEOUT};
use super::run::Run;
use crate::error::{Error, Result};
use crate::load::{Failure, State, StreamReport, Tally};
use crate::target::Target;
use crate::telemetry::{Filter, PodName, Reporter, Snapshot, Window, exposition};
use crate::units::ServiceName;

/// The shortest chunk of load: around each, sidecars are read, which takes tenths of seconds.
const CHUNK_MIN: Duration = Duration::from_secs(1);

/// The longest chunk: after it, somebody who watches should learn how it stands.
const CHUNK_MAX: Duration = Duration::from_secs(8);

/// Proxies count a request when its stream ends, which the client may notice first, and the
/// application's own load goes on meanwhile. A machine that needs longer misses its plan too.
const SETTLE: Duration = Duration::from_secs(10);

/// How long to wait for a moment in which nobody else's request is half counted. Under somebody's
/// steady load there is none.
const REST: Duration = Duration::from_secs(1);

/// One part in this many may be counted and not yet timed. The load's requests are all over when
/// the proxies are read; these are somebody else's.
const UNTIMED_PART: u64 = 100;

/// Between two looks at the agents while load runs.
const LOOK: Duration = Duration::from_millis(250);

/// Between two looks once the plan is sent: the end may come at any moment.
const LOOK_CLOSELY: Duration = Duration::from_millis(100);

/// Sidecars read at the same time: the API server is somebody's production too.
const SCRAPES_AT_ONCE: usize = 8;

/// What load is sent, and what is known of the mesh meanwhile.
pub(super) struct Situation<'a> {
    /// The run.
    pub run: &'a Run,
    /// Whose evidence it is.
    pub scenario: ScenarioId,
    /// By portal.
    pub loads: &'a BTreeMap<String, Load>,
    /// Services of which more requests may arrive than are sent: mirrored or retried ones.
    pub multiplied: Vec<ServiceName>,
}

/// What was seen since the last change.
#[derive(Debug)]
pub(super) struct Evidence {
    before: Snapshot,
    /// The proxies' differences over all chunks.
    pub window: Window,
    /// The clients' ledgers over all chunks, by portal.
    pub clients: BTreeMap<String, Tally>,
    /// How long load was sent.
    pub load_time: Duration,
}

/// How long to send load for the first time, if a claim is likely to need so many trials of an
/// observer that sees so many per second.
#[must_use]
pub(super) fn first_chunk(needed: u64, per_second: f64) -> Duration {
    let seconds = Duration::try_from_secs_f64(needed as f64 / per_second);
    // The plan's last moments and a few misses are covered by a tenth more.
    seconds.unwrap_or(CHUNK_MAX).mul_f64(1.1).clamp(CHUNK_MIN, CHUNK_MAX)
}

/// How long to send load once more, after so many trials in `so_far`.
#[must_use]
pub(super) fn next_chunk((trials, needed): (u64, u64), so_far: Duration) -> Duration {
    // What it takes if it goes on like this, but a third more at least, because chance goes on too,
    // and at most twice as much: what few trials foretell is not worth more.
    let most = if trials == 0 { needed } else { trials.saturating_mul(2) };
    let wanted = needed.saturating_sub(trials).min(most).max(trials / 3).max(1);
    let seconds = so_far.as_secs_f64() * wanted as f64 / trials.max(1) as f64;
    Duration::try_from_secs_f64(seconds).unwrap_or(CHUNK_MAX).clamp(CHUNK_MIN, CHUNK_MAX)
}

// === impl Evidence ===

impl Evidence {
    /// Sends the first chunk of load and reads what came of it.
    pub(super) async fn gather(situation: &Situation<'_>, chunk: Duration) -> Result<Self> {
        let run = situation.run;
        tokio::time::sleep_until(run.quiet_from().into()).await;
        let before = at_rest(run).await?;
        let window = Window::between(&before, &before).map_err(|cause| unreadable(&cause))?;
        let mut evidence =
            Self { before, window, clients: BTreeMap::new(), load_time: Duration::ZERO };
        evidence.extend(situation, chunk).await?;
        Ok(evidence)
    }

    /// Sends one more chunk and adds it.
    pub(super) async fn extend(
        &mut self,
        situation: &Situation<'_>,
        chunk: Duration,
    ) -> Result<()> {
        let run = situation.run;
        // While a load grows it is not yet what was asked for.
        let chunk = chunk + situation.loads.values().map(Load::ramp).max().unwrap_or_default();
        let seed = u64::try_from(self.load_time.as_millis()).unwrap_or(u64::MAX);
        let spec = |(name, load): (&String, &Load)| {
            Ok((name.clone(), load.spec(&run.application, name, chunk, seed)?))
        };
        let specs: BTreeMap<_, _> = situation.loads.iter().map(spec).collect::<Result<_>>()?;
        let ids = run.agents.send(&run.target, specs).await?;
        let reports = drain(run, situation.scenario, &ids, chunk).await?;
        self.load_time += chunk;
        for (portal, report) in &reports {
            report.kept_plan().map_err(|cause| {
                Error::runner(format!("sending load through portal {portal}"), cause)
                    .hint("give the run more processor time, or a lower rate")
            })?;
        }
        for (portal, report) in reports {
            self.clients.entry(portal).or_default().add(&report.tally);
        }
        self.window = self.settled(situation).await?;
        Ok(())
    }

    /// Reads the proxies until all ledgers agree about the load's requests; a difference that stays
    /// is an error of the telemetry, and named.
    async fn settled(&self, situation: &Situation<'_>) -> Result<Window> {
        let started = Instant::now();
        let mut copies = None;
        loop {
            let after = scrape(situation.run).await?;
            let window =
                Window::between(&self.before, &after).map_err(|cause| unreadable(&cause))?;
            let mut differences = self.differences(situation, &window)?;
            // Nobody waits for a copy or knows how many there will be: they have ended when no
            // more come.
            let now = copied(situation, &window)?;
            if now > 0 && copies != Some(now) {
                differences.push("copies still arrive".to_owned());
            }
            copies = Some(now);
            if differences.is_empty() {
                return Ok(window);
            }
            if started.elapsed() > SETTLE {
                return Err(Error::runner("reconciling the ledgers", differences.join("; "))
                    .hint("the telemetry lost or invented requests; its verdicts mean nothing"));
            }
            tokio::time::sleep(LOOK_CLOSELY).await;
        }
    }

    fn differences(&self, situation: &Situation<'_>, window: &Window) -> Result<Vec<String>> {
        let application = &situation.run.application;
        let mut differences = Vec::new();
        for name in situation.loads.keys() {
            let mut filter = Filter { reporter: Some(Reporter::Source), ..Filter::default() };
            beside(&mut filter, application, name)?;
            let proxy = window.requests(&filter).total();
            let client = self.clients.get(name).map_or(0, reached_proxy);
            if proxy != client {
                differences.push(format!(
                    "portal {name}: the client counted {client} requests, its own proxy {proxy}"
                ));
            }
            let service = called(application, name)?;
            let (sent, arrived) = sides(situation, window, name)?;
            let more_may_arrive = multiplied(situation, &service)?;
            if arrived < sent || (arrived > sent && !more_may_arrive) {
                differences.push(format!(
                    "portal {name}: its own proxy sent {sent} requests to {service}, whose proxies \
                     counted {arrived}"
                ));
            }
        }
        differences.extend(untimed(window));
        Ok(differences)
    }
}

/// How many of a portal's requests its own proxy sent to a host, and how many the hosts' proxies
/// counted. A fault, an overflow or a missing route has no host; a refused connection has one that
/// never saw it.
fn sides(situation: &Situation<'_>, window: &Window, portal: &str) -> Result<(u64, u64)> {
    let application = &situation.run.application;
    let service = application.service(&called(application, portal)?)?;
    let mut source = filter(Reporter::Source, service);
    beside(&mut source, application, portal)?;
    let destination = Filter { reporter: Some(Reporter::Destination), ..source.clone() };
    let with_host = |filter: &Filter| {
        let requests = window.requests(filter);
        requests.total() - requests.to_workload("unknown")
    };
    let refused = Filter { response_flag: Some("UF".to_owned()), ..source.clone() };
    let sent = with_host(&source).saturating_sub(with_host(&refused));
    Ok((sent, window.requests(&destination).total()))
}

/// How many requests arrived beyond those that were sent, where that may be.
fn copied(situation: &Situation<'_>, window: &Window) -> Result<u64> {
    let mut copies = 0;
    for name in situation.loads.keys() {
        if multiplied(situation, &called(&situation.run.application, name)?)? {
            let (sent, arrived) = sides(situation, window, name)?;
            copies += arrived.saturating_sub(sent);
        }
    }
    Ok(copies)
}

fn multiplied(situation: &Situation<'_>, service: &ServiceName) -> Result<bool> {
    let found = situation.run.application.service(service)?;
    Ok(situation.multiplied.iter().any(|one| {
        one.name == found.name && one.namespace.as_ref().is_none_or(|ns| *ns == found.namespace)
    }))
}

/// Where more of the requests were counted than timed, or fewer: histograms are read a moment after
/// counters, and load that is not ours goes on meanwhile.
fn untimed(window: &Window) -> Option<String> {
    [Reporter::Source, Reporter::Destination].into_iter().find_map(|reporter| {
        let filter = Filter { reporter: Some(reporter), ..Filter::default() };
        let (counted, timed) = (window.requests(&filter).total(), window.durations(&filter).count);
        let who = reporter.as_str();
        let tolerated = counted.max(timed) / UNTIMED_PART;
        (counted.abs_diff(timed) > tolerated)
            .then(|| format!("the {who} proxies counted {counted} requests and timed {timed}"))
    })
}

/// Reads the proxies when none of them is in the middle of counting a request, if such a moment
/// comes: what was counted before and timed after would look like a request of the load's.
async fn at_rest(run: &Run) -> Result<Snapshot> {
    let started = Instant::now();
    loop {
        let snapshot = scrape(run).await?;
        let all = Window::between(&Snapshot::default(), &snapshot);
        let filter = Filter::default();
        let rest = all.map_err(|cause| unreadable(&cause))?;
        let counted = rest.requests(&filter).total();
        if counted == rest.durations(&filter).count || started.elapsed() > REST {
            return Ok(snapshot);
        }
        tokio::time::sleep(LOOK).await;
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
    chunk: Duration,
) -> Result<BTreeMap<String, StreamReport>> {
    let sent = Instant::now() + chunk;
    let deadline = sent + REQUEST_TIMEOUT + SETTLE;
    loop {
        let reports = run.agents.reports(&run.target, ids).await?;
        let ended = reports.values().all(|report| report.state == State::Done);
        let sum = |count: fn(&Tally) -> u64| reports.values().map(|r| count(&r.tally)).sum();
        run.sink.tell(Event::LoadProgress {
            scenario,
            due: sum(|tally| tally.due),
            sent: sum(|tally| tally.sent),
            done: sum(|tally| tally.done),
            in_flight: sum(|tally| tally.in_flight),
            late: sum(|tally| tally.late),
            unsent: sum(|tally| tally.unsent),
            ended,
            errors: sum(Tally::failed),
        });
        if ended {
            return Ok(reports);
        }
        let now = Instant::now();
        if now > deadline {
            run.agents.stop_streams(&run.target, ids).await?;
            return Err(Error::runner("waiting for the answers to the load", "some never came"));
        }
        let look = if now < sent { LOOK.min(sent - now) } else { LOOK_CLOSELY };
        tokio::time::sleep(look).await;
    }
}

/// Requests of which the client's own proxy must know: all that ended, but for those that never
/// got a connection.
fn reached_proxy(tally: &Tally) -> u64 {
    let failed = |failure| tally.by_error.get(&failure).copied().unwrap_or_default();
    tally.done.saturating_sub(failed(Failure::Refused) + failed(Failure::Dial))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_as_long_as_a_claim_is_likely_to_need() {
        let tenths = |chunk: Duration| chunk.as_millis() / 100;
        assert_eq!(tenths(first_chunk(200, 50.0)), 44);
        assert_eq!(first_chunk(1, 50.0), CHUNK_MIN);
        assert_eq!(first_chunk(u64::MAX, 0.001), CHUNK_MAX);
        let so_far = Duration::from_secs(4);
        // Half of what was planned: as much again.
        assert_eq!(next_chunk((100, 200), so_far), so_far);
        // All that was planned, and not decided: a third more.
        assert_eq!(tenths(next_chunk((300, 300), so_far)), 13);
        // However much it may seem to need: at most twice as much again.
        assert_eq!(next_chunk((60, 5_000), Duration::from_secs(1)), Duration::from_secs(2));
        // Nothing seen at all.
        assert_eq!(next_chunk((0, 200), so_far), CHUNK_MAX);
    }
}
