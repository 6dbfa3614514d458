//! What was seen since the last change, in pieces of load: what the clients counted, what the
//! proxies counted meanwhile, and what the time was like. Between two pieces nothing of ours is in
//! flight, so the ledgers can be compared to the request.
//!
//! A piece is evidence for whatever is claimed, but for one thing: a claim about time does not look
//! at pieces in which the machine was starved (`witness`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reports::{Event, ScenarioId};

use super::expectation::Property;
use super::load::{Load, REQUEST_TIMEOUT, Sent};
use super::reconcile::{Doubt, reconciled};
use super::run::Run;
use super::scrape::{scrape, settled};
use super::witness;
use crate::error::{Error, Result};
use crate::load::{Conditions, State, StreamReport, Tally};
use crate::telemetry::{Ledger, Mark, Window};
use crate::units::ServiceName;

/// The shortest piece of load: around each, sidecars are read, which takes tenths of seconds.
const PIECE_MIN: Duration = Duration::from_millis(400);

/// The longest piece: after it, somebody who watches should learn how it stands.
const PIECE_MAX: Duration = Duration::from_secs(15);

/// Between two looks at the agents while load runs.
const LOOK: Duration = Duration::from_millis(250);

/// Between two looks once the plan is sent: the end may come at any moment.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);

/// Where outcomes may come in bursts, the proxies are read at every second look.
const LOOKS_PER_READING: u32 = 2;

/// How much longer than its timeout an agent may need to say that a request has ended.
const GRACE: Duration = Duration::from_secs(20);

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
    /// Whether something is going to be claimed about how long proxies saw requests take.
    pub timed: bool,
    /// Whether what is configured makes outcomes come in bursts: then the proxies are read while
    /// load runs, so that bursts are seen.
    pub bursty: bool,
}

/// What was seen since the last change.
#[derive(Debug)]
pub(super) struct Evidence {
    ledger: Ledger,
    /// The last reading.
    mark: Mark,
    pieces: Vec<Piece>,
    /// How long load was sent.
    pub load_time: Duration,
}

/// One piece of load and what came of it.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// What the proxies counted.
    window: Window,
    /// What the clients counted, by portal.
    clients: BTreeMap<String, Tally>,
    /// The same, slice by slice of time.
    slices: Vec<Slice>,
    /// What the time was like.
    conditions: Conditions,
    /// Requests per second of all clients whose rate can be chosen.
    rate: f64,
    /// Where the ledgers did not come together.
    doubts: Vec<Doubt>,
}

/// What a short stretch of time added, on one side: what clients counted, or what proxies did.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// What the proxies counted.
    pub window: Window,
    /// What the clients counted, by portal.
    pub clients: BTreeMap<String, Tally>,
}

/// The pieces that are evidence for something, taken together.
#[derive(Debug, Default)]
pub(super) struct View {
    /// All that was counted.
    pub sum: Slice,
    /// The same, slice by slice of time.
    pub slices: Vec<Slice>,
    /// Where the ledgers did not come together.
    pub doubts: Vec<Doubt>,
    /// How many pieces there are in all.
    pub pieces: usize,
    /// What was short in each piece that was left out.
    pub starved: Vec<String>,
}

/// How long to send load for the first time, if a claim is likely to need so many trials of an
/// observer that sees so many per second.
#[must_use]
pub(super) fn first_chunk(needed: u64, per_second: f64) -> Duration {
    let seconds = Duration::try_from_secs_f64(needed as f64 / per_second);
    // The plan's last moments and a few misses are covered by a tenth more.
    let seconds = seconds.unwrap_or(PIECE_MAX).min(PIECE_MAX);
    seconds.mul_f64(1.1).clamp(PIECE_MIN, PIECE_MAX)
}

/// How long to send load once more, after so many trials in `so_far`, at `faster` times the rate.
#[must_use]
pub(super) fn next_chunk((trials, needed): (u64, u64), so_far: Duration, faster: f64) -> Duration {
    // What it takes if it goes on like this, but a third more at least, because chance goes on too,
    // and at most twice as much: what few trials foretell is not worth more.
    let most = if trials == 0 { needed } else { trials.saturating_mul(2) };
    let wanted = needed.saturating_sub(trials).min(most).max(trials / 3).max(1);
    let seconds = so_far.as_secs_f64() * wanted as f64 / trials.max(1) as f64 / faster;
    Duration::try_from_secs_f64(seconds).unwrap_or(PIECE_MAX).clamp(PIECE_MIN, PIECE_MAX)
}

// === impl Evidence ===

impl Evidence {
    /// Reads the proxies before any load is sent.
    pub(super) async fn begin(situation: &Situation<'_>) -> Result<Self> {
        let run = situation.run;
        tokio::time::sleep_until(run.quiet_from().into()).await;
        let snapshot = settled(run, situation.timed).await?;
        let ledger = Ledger::begin(&snapshot);
        let mark = ledger.mark();
        Ok(Self { ledger, mark, pieces: Vec::new(), load_time: Duration::ZERO })
    }

    /// Sends one piece of load at these rates by portal, and adds what came of it. A piece that is
    /// sent alone waits until no other lane sends, and no other lane sends meanwhile.
    pub(super) async fn extend(
        &mut self,
        situation: &Situation<'_>,
        chunk: Duration,
        rates: &BTreeMap<String, f64>,
        alone: bool,
    ) -> Result<()> {
        let run = situation.run;
        // While a load grows it is not yet what was asked for.
        let chunk = chunk + situation.loads.values().map(Load::ramp).max().unwrap_or_default();
        let seed = u64::try_from(self.load_time.as_millis()).unwrap_or(u64::MAX);
        let portals = situation.loads.len() as f64;
        let mut specs = BTreeMap::new();
        let mut rate = 0.0;
        for (at, (name, load)) in situation.loads.iter().enumerate() {
            let own = rates.get(name).copied().unwrap_or_default();
            let sent = Sent { rate: own, phase: at as f64 / portals, seed };
            specs.insert(name.clone(), load.spec(&run.application, name, chunk, sent)?);
            rate += if load.is_open() { own } else { 0.0 };
        }
        let (reports, slices) = {
            let _room = run.room.enter(alone).await;
            let ids = run.agents.send(&run.target, specs).await?;
            self.watch(situation, &ids, chunk).await?
        };
        self.load_time += chunk;
        let mut piece = Piece { slices, rate, ..Piece::default() };
        for (portal, report) in reports {
            report.usable().map_err(|cause| {
                Error::runner(format!("sending load through portal {portal}"), cause)
            })?;
            piece.conditions.add(&report.conditions);
            piece.clients.insert(portal, report.tally);
        }
        let (window, doubts) =
            reconciled(situation, &mut self.ledger, &self.mark, &piece.clients).await?;
        if situation.bursty {
            piece.slices.push(piece.rest(&window));
        }
        (piece.window, piece.doubts) = (window, doubts);
        self.mark = self.ledger.mark();
        self.pieces.push(piece);
        Ok(())
    }

    /// Watches load until every answer has come; notes what each stretch of time added.
    async fn watch(
        &mut self,
        situation: &Situation<'_>,
        ids: &BTreeMap<String, u64>,
        chunk: Duration,
    ) -> Result<(BTreeMap<String, StreamReport>, Vec<Slice>)> {
        let run = situation.run;
        let mut slices = Vec::new();
        let (mut before, mut mark) = (BTreeMap::new(), self.mark.clone());
        let mut watched = Watched::new(chunk);
        loop {
            let (reports, ended) = watched.look(run, Some(situation.scenario), ids).await?;
            if situation.bursty {
                slices.push(Slice { clients: added(&reports, &before), ..Slice::default() });
            }
            if ended {
                return Ok((reports, slices));
            }
            before = reports;
            if situation.bursty && watched.looks.is_multiple_of(LOOKS_PER_READING) {
                self.ledger.observe(&scrape(run).await?);
                let window = self.ledger.since(&mark);
                mark = self.ledger.mark();
                slices.push(Slice { window, ..Slice::default() });
            }
        }
    }

    /// Everything that is evidence for a property: all pieces, but for a claim about time only
    /// those in which the machine was not starved.
    pub(super) fn view(&self, property: &Property) -> View {
        let limit = witness::limit(property);
        let mut view = View { pieces: self.pieces.len(), ..View::default() };
        for piece in &self.pieces {
            if let Some(short) = limit.and_then(|limit| piece.starved(limit)) {
                view.starved.push(short);
                continue;
            }
            view.add(piece);
        }
        view
    }

    /// All pieces together.
    pub(super) fn all(&self) -> View {
        self.view(&Property::Fails)
    }

    /// What was short in the last piece, if it is no evidence for a property.
    pub(super) fn just_starved(&self, property: &Property) -> Option<String> {
        self.pieces.last()?.starved(witness::limit(property)?)
    }

    /// At how many requests per second the last piece was sent.
    pub(super) fn last_rate(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.rate)
    }

    /// Whether no load was sent yet.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

// === impl Piece ===

impl Piece {
    fn starved(&self, limit: Duration) -> Option<String> {
        let mut sent = Tally::default();
        self.clients.values().for_each(|tally| sent.add(tally));
        witness::starved(&self.conditions, &sent, &self.window, limit)
    }

    /// What the proxies counted after their last slice: the whole, less the slices.
    fn rest(&self, window: &Window) -> Slice {
        let mut rest = window.clone();
        self.slices.iter().for_each(|slice| rest.subtract(&slice.window));
        Slice { window: rest, ..Slice::default() }
    }
}

/// What each portal's client counted since an earlier report.
fn added(
    now: &BTreeMap<String, StreamReport>,
    before: &BTreeMap<String, StreamReport>,
) -> BTreeMap<String, Tally> {
    let since = |(portal, report): (&String, &StreamReport)| {
        let tally = match before.get(portal) {
            Some(before) => report.tally.since(&before.tally),
            None => report.tally.clone(),
        };
        (portal.clone(), tally)
    };
    now.iter().map(since).collect()
}

// === impl View ===

impl View {
    fn add(&mut self, piece: &Piece) {
        self.sum.window.add(&piece.window);
        for (portal, tally) in &piece.clients {
            self.sum.clients.entry(portal.clone()).or_default().add(tally);
        }
        self.slices.extend(piece.slices.iter().cloned());
        for doubt in &piece.doubts {
            if !self.doubts.contains(doubt) {
                self.doubts.push(doubt.clone());
            }
        }
    }
}

/// A load that is watched until it is over.
struct Watched {
    /// When its plan is over.
    sent: Instant,
    looks: u32,
}

impl Watched {
    fn new(chunk: Duration) -> Self {
        Self { sent: Instant::now() + chunk, looks: 0 }
    }

    /// One look at the agents, after a pause; and whether every answer has come.
    async fn look(
        &mut self,
        run: &Run,
        scenario: Option<ScenarioId>,
        ids: &BTreeMap<String, u64>,
    ) -> Result<(BTreeMap<String, StreamReport>, bool)> {
        let now = Instant::now();
        let pause = if now < self.sent { LOOK.min(self.sent - now) } else { LOOK_CLOSELY };
        tokio::time::sleep(pause).await;
        self.looks += 1;
        let reports = run.agents.reports(&run.target, ids).await?;
        let ended = reports.values().all(|report| report.state == State::Done);
        if let Some(scenario) = scenario {
            run.sink.tell(progress(scenario, &reports, ended));
        }
        if !ended && Instant::now() > self.sent + REQUEST_TIMEOUT + GRACE {
            run.agents.stop_streams(&run.target, ids).await?;
            return Err(Error::runner("waiting for the answers to the load", "some never came"));
        }
        Ok((reports, ended))
    }
}

fn progress(scenario: ScenarioId, reports: &BTreeMap<String, StreamReport>, ended: bool) -> Event {
    let sum = |count: fn(&Tally) -> u64| reports.values().map(|r| count(&r.tally)).sum();
    Event::LoadProgress {
        scenario,
        due: sum(|tally| tally.due),
        sent: sum(|tally| tally.sent),
        done: sum(|tally| tally.done),
        in_flight: sum(|tally| tally.in_flight),
        late: sum(|tally| tally.late),
        unsent: sum(|tally| tally.unsent),
        ended,
        errors: sum(Tally::failed),
    }
}

/// Waits until every stream has sent its plan and got every answer. It is no evidence, and not
/// told.
pub(super) async fn drain(
    run: &Run,
    ids: &BTreeMap<String, u64>,
    chunk: Duration,
) -> Result<BTreeMap<String, StreamReport>> {
    let mut watched = Watched::new(chunk);
    loop {
        if let (reports, true) = watched.look(run, None, ids).await? {
            return Ok(reports);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_as_long_as_a_claim_is_likely_to_need() {
        let tenths = |chunk: Duration| chunk.as_millis() / 100;
        assert_eq!(tenths(first_chunk(200, 50.0)), 44);
        assert_eq!(first_chunk(1, 50.0), PIECE_MIN);
        assert_eq!(first_chunk(u64::MAX, 0.001), PIECE_MAX);
        let second = Duration::from_secs(1);
        assert_eq!(tenths(next_chunk((100, 300), second, 1.0)), 20);
        // Twice as fast takes half as long; what is nearly enough is extended by a third.
        assert_eq!(tenths(next_chunk((100, 300), 4 * second, 2.0)), 40);
        assert_eq!(tenths(next_chunk((300, 310), 6 * second, 1.0)), 20);
        assert_eq!(next_chunk((0, 500), second, 1.0), PIECE_MAX);
    }
}
