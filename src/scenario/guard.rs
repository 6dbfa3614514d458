//! What stands around a run from before its first change until after its last: its journal, its
//! Lease, its dead-man's switches, and the memory of what was there before. It is kept alive by a
//! future that is polled with the run itself, so that it can never outlive it.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::changes::{Changes, restore, unsettled};
use super::clean_slate::{OURS, Slate, WITH_HEALER, stains};
use super::compare::checksum;
use super::dead_man::{Beat, DeadMan};
use super::healer::Healers;
use super::journal::{self, Budget, Header, Journal, Scope, retried};
use super::lease::{self, Lease, Renewal};
use super::recover;
use crate::application::Application;
use crate::application::settings::Endpoint;
use crate::cluster::Cluster;
use crate::error::{Error, Result};

/// Between two heartbeats, at most: a Lease of 30 s survives five lost ones.
const BEAT: Duration = Duration::from_secs(5);

/// In the time of a dead-man's switch there are at least this many heartbeats.
const BEATS: u32 = 5;

/// How a run is protected against its own death.
#[derive(Debug, Clone, Copy)]
pub struct Protection {
    /// How long after the runner's death the mesh cleans up by itself; `None`: it does not.
    pub dead_man: Option<Duration>,
    /// How long to wait for another run's end.
    pub wait: Duration,
    /// Whether objects of `GitOps` and rollout controllers may be changed.
    pub adopt: bool,
    /// Whether an unfinished run of this target is finished first.
    pub recover: bool,
}

/// Why a run is not a run any more, once it is not: told by the guard, asked by every step.
#[derive(Debug, Clone, Default)]
pub struct Lost(Arc<OnceLock<String>>);

/// The guard of a run.
#[derive(Debug)]
pub struct Guard {
    run: String,
    target: Cluster,
    ground: Ground,
    journal: Journal,
    dead_man: DeadMan,
    healers: Healers,
    lease: Lease,
    adopt: bool,
    beat: Duration,
    before: Slate,
    lost: Lost,
    stop: CancellationToken,
}

// === impl Guard ===

impl Guard {
    /// Begins the journal, takes the Lease and looks at what is there. Nothing is changed when
    /// any of this fails.
    pub async fn open(
        target: &Cluster,
        application: &Application,
        run: &str,
        protection: &Protection,
        stop: &CancellationToken,
        tell: &dyn Fn(&str),
    ) -> Result<Self> {
        let ground = Ground::of(application)?;
        let namespaces = &ground.namespaces;
        let state = journal::state_folder()?;
        let key = key(target);
        recover::before_run(target, &state, &key, protection.recover, tell).await?;
        let journal = Journal::begin(&state, &key, header(target, run, namespaces))?;
        let who = format!("run {run} on {}, process {}", host(), std::process::id());
        let opening = async {
            let wait = protection.wait;
            let lease = Lease::take(target, &namespaces[0], run, &who, wait).await?;
            let before = Slate::of(target, &ground, run).await?;
            Ok((lease, before))
        };
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Error::runner("taking the target", "interrupted")),
            opened = opening => opened,
        };
        let (lease, before) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                // It may be ours although the answer was lost.
                let _ = lease::release(target, &namespaces[0], run).await;
                let _ = journal.close();
                return Err(error);
            }
        };
        let beat = protection.dead_man.map_or(BEAT, |within| BEAT.min(within / BEATS));
        Ok(Self {
            run: run.to_owned(),
            target: target.clone(),
            ground,
            dead_man: DeadMan::new(run, protection.dead_man),
            healers: Healers::default(),
            journal,
            lease,
            adopt: protection.adopt,
            beat,
            before,
            lost: Lost::default(),
            stop: stop.clone(),
        })
    }

    /// What the run writes with.
    #[must_use]
    pub fn changes(&self) -> Changes {
        let (target, journal) = (self.target.clone(), self.journal.clone());
        let (dead_man, healers) = (self.dead_man.clone(), self.healers.clone());
        Changes::new(self.run.clone(), target, journal, dead_man, healers, self.adopt)
    }

    /// Whether the run is lost, for its steps to ask.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// Keeps the run alive. When it is lost, its work is asked to stop and to restore; never
    /// ends, so that it is polled beside the work for as long as that takes.
    async fn watch(&self) {
        let why = self.keep().await;
        self.lost.set(why);
        self.stop.cancel();
        std::future::pending::<()>().await;
    }

    /// Renews and pushes back until the run is lost; answers why.
    async fn keep(&self) -> String {
        loop {
            if let Some(why) = self.beat().await {
                return why;
            }
            tokio::time::sleep(self.beat).await;
        }
    }

    /// Renews and pushes back once; answers why the run is lost, if it is.
    async fn beat(&self) -> Option<String> {
        if let Err(error) = self.dead_man.check() {
            return Some(error.to_string());
        }
        match self.lease.renew(&self.target).await {
            Renewal::Lost(why) => return Some(why),
            Renewal::Renewed | Renewal::Missed => {}
        }
        match self.dead_man.beat(&self.target).await {
            Beat::Fired(why) => Some(why),
            Beat::Pushed | Beat::Missed => None,
        }
    }

    /// Looks once more when the work is done: what happened since the last heartbeat counts too.
    pub async fn look_again(&self) {
        if let Some(why) = self.beat().await {
            self.lost.set(why);
        }
    }

    /// Its mesh is gone, and everything that was to be undone went with it.
    pub fn forget(&self) {
        let ids: Vec<u64> = self.journal.entries(|_| true).iter().map(|entry| entry.id).collect();
        if !ids.is_empty() {
            self.journal.undone(&ids);
            let _ = self.journal.close();
        }
    }

    /// Undoes what is still to be undone, proves that nothing is left, gives the Lease back and
    /// ends the journal. Answers what is left behind. With a doubt that a scenario left something
    /// it proves all of that once more.
    pub async fn close(&self, doubt: bool) -> Vec<String> {
        // The target stays ours until it is as it was. A Lease that is lost now is no reason to
        // stop that.
        let keeping = async {
            drop(self.keep().await);
            std::future::pending().await
        };
        tokio::select! {
            left = keeping => left,
            left = self.put_back(doubt) => left,
        }
    }

    async fn put_back(&self, doubt: bool) -> Vec<String> {
        let (target, run) = (&self.target, &self.run);
        // It is given back at the very end, and does not go with the switches before. In vain it
        // does, and the worst is a run that waits for it and begins a little early.
        let _ = lease::goes_with(target, &self.ground.namespaces[0], run, &[]).await;
        let mut left = restore(target, &self.journal, |_| true, &|_| {}).await.left_behind;
        if doubt {
            left.extend(unsettled(target).await);
        }
        let ours = if self.healers.any().await { WITH_HEALER } else { OURS };
        left.extend(stains(target, &self.ground, run, &self.before, Some(ours)).await);
        let released = retried(Budget::begin(), async || self.lease.release(target).await).await;
        if let Err(error) = released {
            let namespace = &self.ground.namespaces[0];
            left.push(format!(
                "the Lease ({error}): kubectl delete lease faultless -n {namespace}"
            ));
        }
        match self.journal.close() {
            Ok(true) => {}
            Ok(false) => {
                let path = self.journal.path();
                left.push(format!(
                    "the journal {} has it: `faultless recover` tries again",
                    path.display()
                ));
            }
            Err(error) => left.push(error.to_string()),
        }
        left
    }
}

/// Does the work and keeps these runs alive while it takes.
pub async fn kept<T>(guards: &[&Guard], work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut watching = std::pin::pin!(join_all(guards.iter().map(|guard| guard.watch())));
    tokio::select! {
        biased;
        // A process that was frozen finds out before it does anything else.
        _ = &mut watching => work.await,
        done = &mut work => done,
    }
}

// === impl Lost ===

impl Lost {
    fn set(&self, why: String) {
        // The first reason is the one that counts.
        let _ = self.0.set(why);
    }

    /// Why the run is lost.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Its error: nothing that this run saw counts.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let why = self.why()?;
        Some(Error::runner("keeping the run alive", why).hint("what this run saw is invalid"))
    }
}

/// Where a run may touch something.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// The application's namespaces; the Lease is in the first.
    pub(super) namespaces: Vec<String>,
    /// Where its portals' settings are, by portal.
    pub(super) settings: Vec<(String, Endpoint)>,
}

// === impl Ground ===

impl Ground {
    pub(super) fn of(application: &Application) -> Result<Self> {
        let portals = application.portals.iter();
        let settings =
            portals.filter_map(|(name, portal)| Some((name.clone(), portal.endpoint()?)));
        Ok(Self { namespaces: namespaces(application)?, settings: settings.collect() })
    }
}

/// All namespaces of an application, its first first.
fn namespaces(application: &Application) -> Result<Vec<String>> {
    let services = application.services.values().map(|service| &service.namespace);
    let portals = application.portals.values().map(|portal| &portal.namespace);
    let mut all = Vec::<String>::new();
    for namespace in application.namespaces.iter().chain(services).chain(portals) {
        if !all.contains(namespace) {
            all.push(namespace.clone());
        }
    }
    if all.is_empty() {
        let doing = format!("looking at application {}", application.application);
        return Err(Error::feature(doing, "it has no namespaces"));
    }
    Ok(all)
}

/// The folder of a target's journals.
pub(super) fn key(target: &Cluster) -> String {
    let readable = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = target.context_name().chars().take(40).map(readable).collect();
    format!("{name}-{}", checksum(target.server().as_bytes()))
}

fn header(target: &Cluster, run: &str, namespaces: &[String]) -> Header {
    Header {
        run: run.to_owned(),
        target: target.name().to_owned(),
        own_mesh: target.ends_with_this_process(),
        context: target.context_name().to_owned(),
        kubeconfig: target.kubeconfig().map(Path::to_owned),
        namespaces: namespaces.to_vec(),
        host: host(),
        pid: std::process::id(),
        begun: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// This machine's name.
pub(super) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.map(|name| name.trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "an unnamed machine".to_owned() } else { name }
}

/// Whose changes a run's own are.
pub(super) const RUN: Scope = Scope::Run;
