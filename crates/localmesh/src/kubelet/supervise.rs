//! Keeps one container running: its stand-in, or its Envoy. What happens to it is told to the
//! pod's task over a channel; nothing here knows the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::sandbox::{self, Planned};
use crate::envoy::{Envoy, Spec};
use crate::image::{Container, Dial, Log};
use crate::network::PodNet;

/// What a container's supervisor tells.
#[derive(Debug)]
pub(super) enum Told {
    /// It runs.
    Started,
    /// It ended by itself, and whether it is started again after a while.
    Ended { outcome: Result<(), String>, again: Option<Duration> },
}

/// Told about the container of this name.
pub(super) type Teller = mpsc::Sender<(String, Told)>;

/// When a container that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// How long a stand-in may take to stop, and so the longest a deletion waits for it. Stand-ins
/// stop at once; Kubernetes' 30 s are for programs that have something to save.
pub(super) const GRACE_MAX: Duration = Duration::from_secs(3);

/// The first wait before a restart and the longest. Kubernetes waits 10 s to 5 min, which would
/// outlast a whole run.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// After running this long a container is no longer crash-looping, and the wait starts anew.
const SETTLED: Duration = Duration::from_mins(1);

/// The wait before the next start.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

/// A container to be kept running.
pub(super) struct App {
    pub(super) planned: Planned,
    pub(super) net: Arc<PodNet>,
    pub(super) dial: Dial,
    pub(super) log: Log,
    pub(super) policy: RestartPolicy,
    /// How long it may take to stop.
    pub(super) grace: Duration,
}

// === impl RestartPolicy ===

impl RestartPolicy {
    /// As a pod's `spec.restartPolicy` has it.
    pub(super) fn of(text: Option<&str>) -> Self {
        match text {
            Some("Never") => Self::Never,
            Some("OnFailure") => Self::OnFailure,
            _ => Self::Always,
        }
    }

    fn restarts(self, outcome: &Result<(), String>) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => outcome.is_err(),
            Self::Never => false,
        }
    }
}

// === impl Backoff ===

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: BACKOFF_FIRST }
    }

    /// How long to wait after a run of this length.
    pub(super) fn after(&mut self, run: Duration) -> Duration {
        if run >= SETTLED {
            self.next = BACKOFF_FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(BACKOFF_MAX);
        wait
    }
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
        // In a task of its own, so that a panic of a stand-in is its crash and not ours.
        let mut task = JoinSet::new();
        task.spawn(self.planned.image.run(Container {
            pod: Arc::clone(&self.net),
            name: self.planned.name.clone(),
            env: self.planned.env.clone(),
            args: self.planned.args.clone(),
            listeners,
            dial: Arc::clone(&self.dial),
            log: Arc::clone(&self.log),
            stop: stop.child_token(),
        }));
        tokio::select! {
            ended = task.join_next() => match ended {
                Some(Ok(outcome)) if !stop.is_cancelled() => Some(outcome),
                Some(Err(error)) if !stop.is_cancelled() => Some(Err(error.to_string())),
                Some(_) | None => None,
            },
            () = stop.cancelled() => {
                let ended = tokio::time::timeout(self.grace, task.join_next()).await;
                if ended.is_err() {
                    (self.log)("(did not stop in time and was ended)".to_owned());
                }
                task.shutdown().await;
                None
            }
        }
    }
}

fn farewell(outcome: &Result<(), String>, again: Option<Duration>) -> String {
    let how = match outcome {
        Ok(()) => "completed".to_owned(),
        Err(why) => format!("ended: {why}"),
    };
    match again {
        Some(wait) => format!("({how}; back-off {} s, then it is started again)", wait.as_secs()),
        None => format!("({how})"),
    }
}

/// Keeps an Envoy running beside the application until it is stopped.
pub(super) async fn sidecar(
    name: String,
    spec: Spec,
    log: Log,
    tell: Teller,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let started = tokio::select! {
            started = start(spec.clone(), Arc::clone(&log)) => started,
            () = stop.cancelled() => return,
        };
        let why = match started {
            Err(error) => error,
            Ok(mut envoy) => {
                // As Istio's agent says it: Envoy itself is silent as long as all is well.
                log("Envoy proxy is ready".to_owned());
                if tell.send((name.clone(), Told::Started)).await.is_err() {
                    return envoy.stop().await;
                }
                tokio::select! {
                    why = envoy.ended() => why,
                    () = stop.cancelled() => return envoy.stop().await,
                }
            }
        };
        let wait = backoff.after(began.elapsed());
        let (outcome, again) = (Err(why), Some(wait));
        log(farewell(&outcome, again));
        if tell.send((name.clone(), Told::Ended { outcome, again })).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Starts an Envoy and waits until it is ready.
async fn start(spec: Spec, log: Log) -> Result<Envoy, String> {
    let mut envoy = Envoy::spawn(spec, log).await.map_err(|error| error.to_string())?;
    match envoy.ready().await {
        Ok(()) => Ok(envoy),
        Err(error) => {
            envoy.stop().await;
            Err(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_bound_and_starts_anew() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.after(Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.after(SETTLED), BACKOFF_FIRST);
    }

    #[test]
    fn policies_restart_as_kubernetes_does() {
        let (done, failed) = (Ok(()), Err("x".to_owned()));
        for (policy, on_done, on_failure) in
            [(None, true, true), (Some("OnFailure"), false, true), (Some("Never"), false, false)]
        {
            let policy = RestartPolicy::of(policy);
            assert_eq!(policy.restarts(&done), on_done);
            assert_eq!(policy.restarts(&failed), on_failure);
        }
    }
}
