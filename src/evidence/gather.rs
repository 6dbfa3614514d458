//! What was seen since the last change, in pieces of load: what the clients counted, what the
//! proxies counted meanwhile, and what the time was like. Between two pieces nothing of ours is in
//! flight, so the ledgers can be compared to the request.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::evidence::claim::Property;
use crate::evidence::client_load::{Load, Sent};
use crate::evidence::piece::{Piece, Slice, View, added};
use crate::evidence::reconcile::reconciled;
use crate::evidence::scrape::{glimpse, settled};
use crate::evidence::setup::{Place, Setup};
use crate::evidence::watched::Watched;
use crate::evidence::witness;
use crate::load::{Conditions, StreamReport};
use crate::telemetry::{Ledger, Mark};

/// Where outcomes may come in bursts, the proxies are read at every second look.
const LOOKS_PER_READING: u32 = 2;

/// What was seen since the last change.
#[derive(Debug)]
pub(crate) struct Evidence {
    ledger: Ledger,
    /// The last reading.
    mark: Mark,
    pieces: Vec<Piece>,
    /// How long load was sent.
    pub load_time: Duration,
}

// === impl Evidence ===

impl Evidence {
    /// Reads the proxies before any load is sent.
    pub(crate) async fn begin(setup: &Setup<'_>) -> Result<Self> {
        tokio::time::sleep_until(setup.quiet_from.into()).await;
        let snapshot = settled(setup.place, setup.timed).await?;
        let ledger = Ledger::begin(&snapshot);
        let mark = ledger.mark();
        Ok(Self { ledger, mark, pieces: Vec::new(), load_time: Duration::ZERO })
    }

    /// Sends one piece of load at these rates by client, and adds what came of it. A piece that is
    /// sent alone waits until no other lane sends, and no other lane sends meanwhile.
    pub(crate) async fn extend(
        &mut self,
        setup: &Setup<'_>,
        chunk: Duration,
        rates: &BTreeMap<String, f64>,
        alone: bool,
    ) -> Result<()> {
        let Place { cluster, application, agents, .. } = setup.place;
        // While a load grows it is not yet what was asked for.
        let chunk = chunk + setup.loads.values().map(Load::ramp).max().unwrap_or_default();
        let seed = u64::try_from(self.load_time.as_millis()).unwrap_or(u64::MAX);
        let clients = setup.loads.len() as f64;
        let mut specs = BTreeMap::new();
        let mut rate = 0.0;
        for (at, (name, load)) in setup.loads.iter().enumerate() {
            let own = rates.get(name).copied().unwrap_or_default();
            let sent = Sent { rate: own, phase: at as f64 / clients, seed };
            specs.insert(name.clone(), load.spec(application, name, chunk, sent)?);
            rate += if load.is_open() { own } else { 0.0 };
        }
        let (reports, slices) = {
            let _room = setup.room.enter(alone).await;
            let ids = agents.send(cluster, specs).await?;
            self.watch(setup, &ids, chunk).await?
        };
        self.load_time += chunk;
        let mut piece = Piece { slices, rate, ..Piece::default() };
        for (client, report) in reports {
            report.usable().map_err(|cause| {
                Error::runner(format!("sending load through client {client}"), cause)
            })?;
            piece.conditions.add(&report.conditions);
            piece.clients.insert(client, report.tally);
        }
        let (window, doubts) =
            reconciled(setup, &mut self.ledger, &self.mark, &piece.clients).await?;
        if setup.bursty {
            piece.slices.push(piece.rest(&window));
        }
        (piece.window, piece.doubts) = (window, doubts);
        let Conditions { machine, busiest, .. } = &piece.conditions;
        let (busy, busiest) = (machine.busy(), busiest.busy());
        tracing::debug!(rate, ?busy, ?busiest, machine = machine.in_words(), "a piece of load");
        self.mark = self.ledger.mark();
        self.pieces.push(piece);
        Ok(())
    }

    /// Watches load until every answer has come; notes what each stretch of time added.
    async fn watch(
        &mut self,
        setup: &Setup<'_>,
        ids: &BTreeMap<String, u64>,
        chunk: Duration,
    ) -> Result<(BTreeMap<String, StreamReport>, Vec<Slice>)> {
        let mut slices = Vec::new();
        let (mut before, mut mark) = (BTreeMap::new(), self.mark.clone());
        let mut watched = Watched::new(chunk);
        loop {
            let (reports, ended) = watched.look(setup.place, Some(setup.on_progress), ids).await?;
            if setup.bursty {
                slices.push(Slice { clients: added(&reports, &before), ..Slice::default() });
            }
            if ended {
                return Ok((reports, slices));
            }
            before = reports;
            if setup.bursty && watched.looks.is_multiple_of(LOOKS_PER_READING) {
                self.ledger.observe(&glimpse(setup.place).await?);
                let window = self.ledger.since(&mark);
                mark = self.ledger.mark();
                slices.push(Slice { window, ..Slice::default() });
            }
        }
    }

    /// Everything that is evidence for a property: all pieces, but for a claim about time only
    /// those in which the machine was not starved.
    pub(crate) fn view(&self, property: &Property) -> View {
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
    pub(crate) fn all(&self) -> View {
        self.view(&Property::Fails)
    }

    /// What was short in the last piece, if it is no evidence for a property.
    pub(crate) fn just_starved(&self, property: &Property) -> Option<String> {
        self.pieces.last()?.starved(witness::limit(property)?)
    }

    /// At how many requests per second the last piece was sent.
    pub(crate) fn last_rate(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.rate)
    }

    /// Whether no load was sent yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}
