//! The mesh cleans up by itself when the runner is gone: added objects are owned by Jobs without
//! pods whose deadline the run keeps pushing back. When nobody does, the cluster ends the Jobs and
//! collects what they own: VirtualServices first, DestinationRules and load agents after them, and
//! last the watchdog, which watches its Job's deadline and gives back what was changed meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::safety::clock::Clock;
use crate::safety::deadman::job::{Job, Switch};
use crate::safety::journal::Journal;
use crate::safety::lease;
use crate::safety::undo::{Budget, retried};

/// How much later the second switch fires: the proxies have long forgotten the VirtualServices
/// when the DestinationRules go.
pub(crate) const LATER: Duration = Duration::from_secs(10);

/// How much later a watchdog that watches is collected, if it did not end by itself: it may try for
/// as long as any restore (3 minutes), after the pause between its two waves. Until it watches,
/// there is nothing to give back, and it goes with the rest.
const GIVEN_BACK: Duration = Duration::from_mins(4);

/// The switches of a run; every clone is the same.
#[derive(Debug, Clone)]
pub(crate) struct DeadMan(pub(super) Arc<State>);

#[derive(Debug)]
pub(super) struct State {
    pub(crate) run: String,
    /// How long after the last heartbeat they fire; `None`: there are none.
    within: Option<Duration>,
    armed: Mutex<Armed>,
    /// Held while deadlines are pushed, so that none is pushed to an earlier one.
    pushing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(super) struct Armed {
    pub(crate) jobs: BTreeMap<(String, Switch), Job>,
    /// When the last heartbeat that reached all of them was begun.
    pub(crate) last: Clock,
}

/// What a heartbeat found.
#[derive(Debug)]
pub(crate) enum Heartbeat {
    /// All switches are pushed back.
    Pushed,
    /// The API server did not answer; the next one may reach it.
    Missed,
    /// A switch fired, or somebody took it away.
    Fired(String),
}

// === impl DeadMan ===

impl DeadMan {
    /// Switches that fire so long after the last heartbeat, or none at all.
    pub(crate) fn new(run: &str, within: Option<Duration>) -> Self {
        let armed = Mutex::new(Armed { jobs: BTreeMap::new(), last: Clock::now() });
        let pushing = tokio::sync::Mutex::default();
        Self(Arc::new(State { run: run.to_owned(), within, armed, pushing }))
    }

    /// How long after the last heartbeat they fire, if there are any.
    pub(crate) fn within(&self) -> Option<Duration> {
        self.0.within
    }

    /// The owner reference for an object that is about to be added: its switch is armed first.
    pub(crate) async fn owner(
        &self,
        cluster: &Cluster,
        journal: &Journal,
        namespace: &str,
        switch: Switch,
    ) -> Result<Option<Value>> {
        let Some(within) = self.0.within else { return Ok(None) };
        let within = match switch {
            Switch::VirtualServices => within,
            Switch::Rest | Switch::Watchdog => within + LATER,
        };
        let key = (namespace.to_owned(), switch);
        let known = self.lock().jobs.get(&key).cloned();
        let job = match known {
            Some(job) => job,
            None => {
                let job = self.arm(cluster, journal, namespace, switch, within).await?;
                self.lock().jobs.insert(key, job.clone());
                let armed = self.lock().jobs.clone();
                let here = armed.into_values().filter(|job| job.object.namespace == namespace);
                let owners: Vec<_> = here.map(|job| job.reference()).collect();
                // In vain it only expires, which is enough for the next run.
                let _ = lease::goes_with(cluster, namespace, &self.0.run, &owners).await;
                job
            }
        };
        Ok(Some(job.reference()))
    }

    /// Gives the watchdog of a namespace the time that it needs: it watches now, and something is
    /// going to be changed.
    pub(crate) async fn watched(&self, cluster: &Cluster, namespace: &str) -> Result<()> {
        let Some(within) = self.0.within else { return Ok(()) };
        if let Some(job) = self.lock().jobs.get_mut(&(namespace.to_owned(), Switch::Watchdog)) {
            job.within = within + GIVEN_BACK;
        }
        let missed = || Error::runner("pushing deadlines back", "the API server did not answer");
        let pushed = retried(Budget::lasting(within), async || match self.beat(cluster).await {
            Heartbeat::Missed => Err(missed()),
            told => Ok(told),
        });
        match pushed.await? {
            Heartbeat::Fired(why) => Err(Error::runner("pushing deadlines back", why)),
            Heartbeat::Pushed | Heartbeat::Missed => Ok(()),
        }
    }

    /// Pushes every deadline back.
    pub(crate) async fn beat(&self, cluster: &Cluster) -> Heartbeat {
        let _pushing = self.0.pushing.lock().await;
        let jobs: Vec<Job> = self.lock().jobs.values().cloned().collect();
        let begun = Clock::now();
        for Job { object, uid, since, within } in &jobs {
            let seconds = (since.elapsed() + *within).as_secs() + 1;
            let patch = json!([
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "replace", "path": "/spec/activeDeadlineSeconds", "value": seconds},
            ]);
            let Ok(patch) = serde_json::from_value(patch) else { return Heartbeat::Missed };
            if cluster.patch(object, patch).await.is_ok() {
                continue;
            }
            match cluster.get(object).await {
                Ok(None) => return Heartbeat::Fired(format!("{object} is gone: it fired")),
                Ok(Some(now)) if now["metadata"]["uid"].as_str() != Some(uid) => {
                    return Heartbeat::Fired(format!("{object} is another one now"));
                }
                Ok(Some(_)) | Err(_) => return Heartbeat::Missed,
            }
        }
        self.lock().last = begun;
        Heartbeat::Pushed
    }

    /// Whether they may have fired, by the run's own clocks: a process that was frozen finds out
    /// before it does anything.
    pub(crate) fn check(&self) -> Result<()> {
        let armed = self.lock();
        let Some(within) = self.0.within.filter(|_| !armed.jobs.is_empty()) else { return Ok(()) };
        let elapsed = armed.last.elapsed();
        if elapsed < within {
            return Ok(());
        }
        let cause = format!(
            "the last heartbeat is {:.0} s ago, and the mesh cleans up by itself after {:.0} s",
            elapsed.as_secs_f64(),
            within.as_secs_f64()
        );
        Err(Error::runner("keeping the run alive", cause)
            .hint("was this machine asleep, or the process stopped? Nothing is injected again"))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
