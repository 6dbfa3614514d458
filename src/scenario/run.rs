//! What all scenarios of a run share: its id, its mesh, its options, the one stream of events and
//! the wish to stop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::application::Application;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::evidence::{Fit, Handles, Place, Room, Source};
use crate::safety::{Applier, Lost};
use crate::scenario::options::Options;
use crate::scenario::sink::Sink;

/// A run on one mesh.
pub struct Run {
    /// Its id, unique in the mesh; a DNS label.
    pub id: String,
    /// The mesh.
    pub cluster: Cluster,
    /// The application under test.
    pub application: Arc<Application>,
    /// The load agents.
    pub agents: Handles,
    /// Where it is read what the proxies counted.
    pub source: Source,
    /// What it writes with.
    pub applier: Applier,
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

// === impl Run ===

impl Run {
    /// A new id: short enough for a label, random enough for a mesh.
    #[must_use]
    pub fn new_id() -> String {
        format!("r{:08x}", rand::random::<u32>())
    }

    /// Why nothing that this run sees counts any more, once that is so.
    pub(crate) fn lost(&self) -> Option<Error> {
        self.lost.error()
    }

    /// Asks or tells what is known of how much of a kind of load the mesh carries.
    pub(crate) fn fit<T>(&self, kind: &str, work: impl FnOnce(&mut Fit) -> T) -> T {
        let mut all = self.carries.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(all.entry(kind.to_owned()).or_default())
    }

    /// Where it sends load and reads proxies.
    pub(crate) fn place(&self) -> Place<'_> {
        let Self { cluster, application, agents, source, .. } = self;
        Place { cluster, application, agents, source }
    }

    pub(crate) fn quiet_from(&self) -> Instant {
        *self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn quiet_not_before(&self, instant: Instant) {
        let mut quiet_from = self.quiet_from.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet_from = (*quiet_from).max(instant);
    }
}
