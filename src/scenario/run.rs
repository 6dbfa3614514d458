//! What all scenarios of a run share: its id, its target, its options, the one stream of events and
//! the wish to stop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reports::{Event, Record};
use tokio_util::sync::CancellationToken;

use crate::application::Application;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::evidence::{Fit, Handles, Place, Room};
use crate::safety::{Changes, Lost};
use crate::units::Span;
use crate::verdict::Confidence;

/// Where records go; called in order, one at a time.
pub type Write = Box<dyn FnMut(&Record) + Send>;

/// The one way out for everything a run learns: stamps and orders.
#[derive(Clone)]
pub struct Sink(Arc<Mutex<SinkState>>);

struct SinkState {
    next: u64,
    started: Instant,
    write: Write,
}

/// How a run was meant.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// One minus the rate at which a verdict may be wrong.
    pub confidence: Confidence,
    /// How long a claim may ask for more load before it stays undecided.
    pub max_load_time: Span,
    /// Withhold every change: what passes nevertheless shows nothing.
    pub placebo: bool,
}

/// How sure and how patient a run is going to be: what `check` needs to know of it.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// As `Options::confidence`.
    pub confidence: Confidence,
    /// As `Options::max_load_time`.
    pub max_load_time: Span,
}

/// A run over one target.
pub struct Run {
    /// Its id, unique on the target; a DNS label.
    pub id: String,
    /// The mesh.
    pub cluster: Cluster,
    /// The application under test.
    pub application: Arc<Application>,
    /// The load agents.
    pub agents: Handles,
    /// What it writes with.
    pub changes: Changes,
    /// Whether it still is a run.
    pub lost: Lost,
    /// How it was meant.
    pub options: Options,
    /// Where its events go.
    pub sink: Sink,
    /// Cancelled when the run is to stop and restore.
    pub stop: CancellationToken,
    /// From when on no request that began under an earlier configuration is still under way.
    pub quiet_from: Mutex<Instant>,
    /// What the mesh carries, by kind of load.
    pub carries: Carries,
    /// The machine, where lanes share one.
    pub room: Room,
}

/// What is known of how much load a mesh carries, by kind of load. Lanes share it: their meshes are
/// alike, and on one machine. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Carries(Arc<Mutex<BTreeMap<String, Fit>>>);

// === impl Sink ===

impl Sink {
    /// A stream that starts now.
    #[must_use]
    pub fn new(write: Write) -> Self {
        Self(Arc::new(Mutex::new(SinkState { next: 0, started: Instant::now(), write })))
    }

    /// Tells one event.
    pub fn tell(&self, event: Event) {
        // A writer that panicked once must not silence the rest of the run.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let record = Record { seq: state.next, at, elapsed_ms, event };
        state.next += 1;
        (state.write)(&record);
    }

    /// Milliseconds since the stream began.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

// === impl Run ===

impl Run {
    /// A new id: short enough for a label, random enough for a target.
    #[must_use]
    pub fn new_id() -> String {
        format!("r{:08x}", rand::random::<u32>())
    }

    /// Why nothing that this run sees counts any more, once that is so.
    pub(super) fn lost(&self) -> Option<Error> {
        self.lost.error()
    }

    /// Asks or tells what is known of how much of a kind of load the mesh carries.
    pub(super) fn fit<T>(&self, kind: &str, work: impl FnOnce(&mut Fit) -> T) -> T {
        let mut all = self.carries.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(all.entry(kind.to_owned()).or_default())
    }

    /// Where it sends load and reads proxies.
    pub(super) fn place(&self) -> Place<'_> {
        Place { cluster: &self.cluster, application: &self.application, agents: &self.agents }
    }

    pub(super) fn quiet_from(&self) -> Instant {
        *self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn quiet_not_before(&self, instant: Instant) {
        let mut quiet_from = self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet_from = (*quiet_from).max(instant);
    }
}
