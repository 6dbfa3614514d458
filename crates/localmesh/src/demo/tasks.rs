//! Tasks that live exactly as long as their stand-in does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How many pieces of work a stand-in has at once; each belongs to a request that was accepted, or
/// to a connection. A burst of the load generator stays far below.
const TASKS_MAX: usize = 20_000;

/// Where a stand-in's tasks are started; cheap to clone.
#[derive(Clone)]
pub(super) struct Tasks(Arc<Mutex<Option<JoinSet<()>>>>);

pub(super) struct Owner(Tasks);

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

// === impl Owner ===

impl Owner {
    /// Of no tasks yet.
    pub(super) fn new() -> Self {
        Self(Tasks(Arc::new(Mutex::new(Some(JoinSet::new())))))
    }

    /// Where its tasks are started.
    pub(super) fn tasks(&self) -> Tasks {
        self.0.clone()
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
    // Whatever panicked while holding it, the tasks are still usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
