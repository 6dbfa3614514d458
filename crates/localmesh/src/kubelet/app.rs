//! Keeps a container's stand-in running. What happens to it is told to the pod's task over a
//! channel; nothing here knows the cluster.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::plan::Planned;
use super::process;
use super::restart::{Backoff, RestartPolicy};
use super::sandbox;
use super::told::{Teller, Told, farewell};
use crate::image::{Container, Dial, Log};
use crate::metrics::Threads;
use crate::network::PodNet;

/// How long a stand-in may take to stop, and so the longest a deletion waits for it. Stand-ins
/// stop at once; Kubernetes' 30 s are for programs that have something to save.
pub(super) const GRACE_MAX: Duration = Duration::from_secs(3);

/// A container to be kept running.
pub(super) struct App {
    pub(super) planned: Planned,
    pub(super) net: Arc<PodNet>,
    pub(super) dial: Dial,
    pub(super) log: Log,
    pub(super) threads: Threads,
    pub(super) policy: RestartPolicy,
    /// How long it may take to stop.
    pub(super) grace: Duration,
}

// === impl App ===

impl App {
    /// Runs the container, again and again as its policy says, until it is stopped.
    pub(super) async fn supervise(
        self,
        mut listeners: Option<BTreeMap<u16, TcpListener>>,
        tell: Teller,
        stop: CancellationToken,
    ) {
        let name = self.planned.name.clone();
        let mut backoff = Backoff::new();
        loop {
            let began = Instant::now();
            let bound = listeners
                .take()
                .map_or_else(|| sandbox::relisten(&self.net, &self.planned.ports), Ok);
            let outcome = match bound {
                Err(error) => Err(format!("its port cannot be bound again: {error}")),
                Ok(listeners) => {
                    if tell.send((name.clone(), Told::Started)).await.is_err() {
                        return;
                    }
                    let Some(outcome) = self.run(listeners, &stop).await else { return };
                    outcome
                }
            };
            let wait = backoff.after(began.elapsed());
            let again = self.policy.restarts(&outcome).then_some(wait);
            (self.log)(farewell(&outcome, again));
            let told = Told::Ended { outcome, again };
            if tell.send((name.clone(), told)).await.is_err() || again.is_none() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// One run; `None` when it was stopped.
    async fn run(
        &self,
        listeners: BTreeMap<u16, TcpListener>,
        stop: &CancellationToken,
    ) -> Option<Result<(), String>> {
        let container = Container {
            name: self.planned.name.clone(),
            env: self.planned.env.clone(),
            args: self.planned.args.clone(),
            listeners,
            dial: Arc::clone(&self.dial),
            log: Arc::clone(&self.log),
            stop: stop.child_token(),
        };
        let image = Arc::clone(&self.planned.image);
        let mut running = pin!(process::run(image, container, self.threads.clone()));
        tokio::select! {
            outcome = &mut running => (!stop.is_cancelled()).then_some(outcome),
            () = stop.cancelled() => {
                let ended = tokio::time::timeout(self.grace, running).await;
                if ended.is_err() {
                    (self.log)("(did not stop in time and was ended)".to_owned());
                }
                None
            }
        }
    }
}
