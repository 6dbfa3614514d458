//! What stands around a run from before its first change until after its last: its journal, its
//! Lease, its dead-man's switches, and the memory of what was there before.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::application::Application;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::safety::applier::Applier;
use crate::safety::baseline::Baseline;
use crate::safety::blast_radius::BlastRadius;
use crate::safety::deadman::DeadMan;
use crate::safety::digest::checksum;
use crate::safety::journal::{Header, Journal, host};
use crate::safety::lease::Lease;
use crate::safety::leftovers::{OURS, WITH_WATCHDOG, leftovers};
use crate::safety::lost::Lost;
use crate::safety::restore::restore;
use crate::safety::settle::unsettled;
use crate::safety::undo::{Budget, retried};
use crate::safety::watchdog::Watchdogs;
use crate::safety::{journal, lease, recover};

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
    /// Whether an unfinished run on this cluster is finished first.
    pub recover: bool,
}

/// A run's hold on its mesh.
#[derive(Debug)]
pub struct Session {
    run: String,
    pub(super) cluster: Cluster,
    radius: BlastRadius,
    journal: Journal,
    pub(super) dead_man: DeadMan,
    watchdogs: Watchdogs,
    pub(super) lease: Lease,
    adopt: bool,
    pub(super) beat: Duration,
    before: Baseline,
    pub(super) lost: Lost,
    pub(super) stop: CancellationToken,
}

// === impl Session ===

impl Session {
    /// Begins the journal, takes the Lease and looks at what is there. Nothing is changed when
    /// any of this fails.
    pub async fn open(
        cluster: &Cluster,
        application: &Application,
        run: &str,
        protection: &Protection,
        stop: &CancellationToken,
        tell: &dyn Fn(&str),
    ) -> Result<Self> {
        let radius = BlastRadius::of(application)?;
        let namespaces = &radius.namespaces;
        let state = journal::state_folder()?;
        let key = key(cluster);
        recover::before_run(cluster, &state, &key, protection.recover, tell).await?;
        let journal = Journal::begin(&state, &key, header(cluster, run, namespaces))?;
        let who = format!("run {run} on {}, process {}", host(), std::process::id());
        let opening = async {
            let wait = protection.wait;
            let lease = Lease::take(cluster, &namespaces[0], run, &who, wait).await?;
            let before = Baseline::of(cluster, &radius, run).await?;
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
                let _ = lease::release(cluster, &namespaces[0], run).await;
                let _ = journal.close();
                return Err(error);
            }
        };
        let beat = protection.dead_man.map_or(BEAT, |within| BEAT.min(within / BEATS));
        Ok(Self {
            run: run.to_owned(),
            cluster: cluster.clone(),
            radius,
            dead_man: DeadMan::new(run, protection.dead_man),
            watchdogs: Watchdogs::default(),
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
    pub fn applier(&self) -> Applier {
        let (cluster, journal) = (self.cluster.clone(), self.journal.clone());
        let (dead_man, watchdogs) = (self.dead_man.clone(), self.watchdogs.clone());
        Applier::new(self.run.clone(), cluster, journal, dead_man, watchdogs, self.adopt)
    }

    /// Whether the run is lost, for its steps to ask.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.lost.clone()
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
        // The mesh stays ours until it is as it was. A Lease that is lost now is no reason to stop
        // that.
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
        let (cluster, run) = (&self.cluster, &self.run);
        // It is given back at the very end, and does not go with the switches before. In vain it
        // does, and the worst is a run that waits for it and begins a little early.
        let _ = lease::goes_with(cluster, &self.radius.namespaces[0], run, &[]).await;
        let mut left = restore(cluster, &self.journal, |_| true, &|_| {}).await.left_behind;
        if doubt {
            left.extend(unsettled(cluster, &self.radius.namespaces[0]).await);
        }
        let ours = if self.watchdogs.any().await { WITH_WATCHDOG } else { OURS };
        left.extend(leftovers(cluster, &self.radius, run, &self.before, Some(ours)).await);
        let released = retried(Budget::begin(), async || self.lease.release(cluster).await).await;
        if let Err(error) = released {
            let namespace = &self.radius.namespaces[0];
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

/// The folder of a cluster's journals.
pub(crate) fn key(cluster: &Cluster) -> String {
    let readable = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = cluster.context_name().chars().take(40).map(readable).collect();
    format!("{name}-{}", checksum(cluster.server().as_bytes()))
}

/// What the journal says of the run before anything else.
pub(crate) fn header(cluster: &Cluster, run: &str, namespaces: &[String]) -> Header {
    Header {
        run: run.to_owned(),
        target: cluster.name().to_owned(),
        own_mesh: cluster.ends_with_this_process(),
        context: cluster.context_name().to_owned(),
        kubeconfig: cluster.kubeconfig().map(Path::to_owned),
        namespaces: namespaces.to_vec(),
        host: host(),
        pid: std::process::id(),
        begun: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}
