//! A proxy that is followed: what it shall have, what it was sent, and what it made of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::eds::offer_endpoints;
use super::kind::Kind;
use super::ledger::Ledger;
use super::nacks::Nacks;
use super::target::{Target, Targets, Told};
use super::watched::Watched;
use crate::envoy::admin::{self, Admin};
use crate::network::PodNet;

/// A proxy that is followed.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) pod: Arc<PodNet>,
    /// Its Envoy, asked about itself.
    pub(super) admin: Admin,
    pub(super) target: Targets,
    pub(super) state: Mutex<State>,
    /// Told of everything that may end a wait: offers, questions, reasons, the end.
    pub(super) changes: watch::Sender<()>,
}

/// What a proxy was sent and what it made of it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) watched: Watched,
    pub(super) nacks: Nacks,
    pub(super) ledger: Ledger,
    /// The newest of its HTTP/2 connections. Each process has one.
    pub(super) session: u64,
    /// What holds the clusters that it accepted last, and others that are to go.
    pub(super) clusters: (Arc<Told>, BTreeMap<String, Value>),
    /// The versions of clusters and listeners that are known to be in use.
    pub(super) warmed: Option<[Option<String>; 2]>,
    /// What was last pushed.
    pub(super) done: Option<Arc<Target>>,
    /// Why the last push stopped.
    pub(super) error: Option<String>,
    pub(super) observed: u64,
    pub(super) left: bool,
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(pod: Arc<PodNet>) -> Self {
        let (target, changes) = (watch::channel(None).0, watch::channel(()).0);
        let admin = Admin::new(pod.dir.join(admin::SOCKET));
        Self { pod, admin, target, state: Mutex::default(), changes }
    }

    pub(super) fn name(&self) -> String {
        proxy_name(&self.pod)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line of its Envoy's log.
    pub(super) fn note(&self, line: &str) {
        if self.state().nacks.note(line) {
            self.changes.send_replace(());
        }
    }

    /// Ends what is held.
    pub(super) fn leave(&self) {
        self.state().left = true;
        self.changes.send_replace(());
    }

    /// Offers all at once, to an Envoy that is not running yet.
    pub(super) fn offer_first(&self) {
        let Some(target) = self.target.borrow().clone() else { return };
        let offers = target.told.offers();
        self.offer(|watched| {
            for (name, route) in &offers.routes {
                watched.offer(&Kind::Routes.key(name), route);
            }
            offer_endpoints(watched, &target, &target.told.resources.clusters);
            watched.offer("cds", &offers.clusters);
            watched.offer("lds", &offers.listeners);
        });
    }

    pub(super) fn offer(&self, what: impl FnOnce(&mut Watched)) {
        what(&mut self.state().watched);
        self.changes.send_replace(());
    }
}

/// The name by which a pod's proxy is known.
pub(super) fn proxy_name(pod: &PodNet) -> String {
    format!("{}.{}", pod.name, pod.namespace)
}
