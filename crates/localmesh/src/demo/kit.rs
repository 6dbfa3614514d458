//! What every stand-in is made of: its environment, a log that cannot be flooded, and the tasks
//! that live exactly as long as its container does.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::{WORK, WORK_JITTER};
use crate::image::{Container, Dial, Log};

/// How many lines a stand-in logs in a second: enough to follow it, too few to push everything
/// else out of the bounded log under load.
const LINES_PER_SECOND: u32 = 10;

/// How many pieces of work a stand-in has at once; each belongs to a request that was accepted, or
/// to a connection. A burst of the load generator stays far below.
const TASKS_MAX: usize = 20_000;

/// A container taken apart for a stand-in.
pub(super) struct Kit {
    pub(super) env: Env,
    pub(super) listeners: BTreeMap<u16, TcpListener>,
    pub(super) dial: Dial,
    pub(super) lines: Lines,
    pub(super) stop: CancellationToken,
    /// Ends all tasks when the stand-in ends, however it does.
    owner: Owner,
}

/// A container's environment; empty variables count as unset, as in the originals.
#[derive(Clone)]
pub(super) struct Env(Arc<BTreeMap<String, String>>);

/// A log with a bounded rate; cheap to clone.
#[derive(Clone)]
pub(super) struct Lines {
    log: Log,
    second: Arc<Mutex<Second>>,
}

struct Second {
    began: Instant,
    written: u32,
    left_out: u64,
}

/// Where a stand-in's tasks are started; cheap to clone.
#[derive(Clone)]
pub(super) struct Tasks(Arc<Mutex<Option<JoinSet<()>>>>);

struct Owner(Tasks);

// === impl Kit ===

impl Kit {
    pub(super) fn new(container: Container) -> Self {
        let second = Second { began: Instant::now(), written: 0, left_out: 0 };
        Self {
            env: Env(Arc::new(container.env)),
            listeners: container.listeners,
            dial: container.dial,
            lines: Lines { log: container.log, second: Arc::new(Mutex::new(second)) },
            stop: container.stop,
            owner: Owner(Tasks(Arc::new(Mutex::new(Some(JoinSet::new()))))),
        }
    }

    pub(super) fn tasks(&self) -> Tasks {
        self.owner.0.clone()
    }

    /// An HTTP client like Go's default one.
    pub(super) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.dial), self.tasks(), Client::GO_IDLE_PER_HOST)
    }

    /// Who it is in its log: `hotels/v1`.
    pub(super) fn instance(&self, service: &str) -> String {
        let service = self.env.get("CURRENT_SERVICE").unwrap_or(service);
        format!("{service}/{}", self.env.get("CURRENT_VERSION").unwrap_or("no-version"))
    }
}

// === impl Env ===

impl Env {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The base address of a service, without the slash at its end.
    pub(super) fn service(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or(default).trim_end_matches('/').to_owned()
    }

    /// A number; what is no number counts as unset.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|value| value.trim().parse().ok())
    }
}

#[cfg(test)]
impl Env {
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Self(Arc::new(pairs.iter().map(owned).collect()))
    }
}

// === impl Lines ===

impl Lines {
    /// Logs a line, or counts it when there were too many within this second.
    pub(super) fn say(&self, line: impl FnOnce() -> String) {
        let mut second = locked(&self.second);
        if second.began.elapsed() >= Duration::from_secs(1) {
            if second.left_out > 0 {
                (self.log)(format!("({} more lines were left out)", second.left_out));
            }
            *second = Second { began: Instant::now(), written: 0, left_out: 0 };
        }
        if second.written < LINES_PER_SECOND {
            second.written += 1;
            (self.log)(line());
        } else {
            second.left_out += 1;
        }
    }
}

// === impl Tasks ===

impl Tasks {
    /// Starts a task; `false` when there are too many, or the stand-in has ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = locked(&self.0);
        let Some(tasks) = tasks.as_mut() else { return false };
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= TASKS_MAX {
            return false;
        }
        tasks.spawn(task);
        true
    }

    /// Does a piece of work to its end, also when nobody waits for it any more: a Go handler does
    /// not notice that its client gave up. `None` when it could not be done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let started = self.spawn(async move {
            // Whether somebody still wants to know makes no difference.
            let _ = tell.send(work.await);
        });
        if !started {
            return None;
        }
        told.await.ok()
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        // A connection that could not be started is a failed request for its caller.
        let _ = self.spawn(task);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Taken out first: the tasks hold clones of the lock and must not be dropped under it.
        let tasks = locked(&self.0.0).take();
        drop(tasks);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whatever panicked while holding it, counters and tasks are still usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes as long as a service of the demo works on a request.
pub(super) async fn work() {
    let jitter = rand::rng().random_range(0.0..1.0);
    tokio::time::sleep(WORK + WORK_JITTER.mul_f64(jitter)).await;
}
