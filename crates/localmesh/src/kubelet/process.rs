//! Runs a container's stand-in on a thread and a runtime of its own, as a container of a real pod
//! is a process of its own: on the mesh's runtime it would wait for its turn behind the API server,
//! the control plane and whoever else has that runtime, and its callers would take that for the
//! mesh's latency. The kernel shares the cores between threads, and tells how long each waited for
//! one.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

use crate::image::{Container, Image};
use crate::metrics::Threads;

/// How a container ended.
type Outcome = Result<(), String>;

/// Runs it until it ends. Dropping this ends it, too, wherever it stands.
pub(super) async fn run(image: Arc<dyn Image>, container: Container, threads: Threads) -> Outcome {
    let name = container.name.clone();
    let (tell, told) = oneshot::channel();
    let ended = CancellationToken::new();
    let _guard = ended.clone().drop_guard();
    let work = move || {
        threads.started(&container.name);
        let runtime = Builder::new_current_thread().enable_all().build();
        let outcome = match runtime {
            Ok(runtime) => runtime.block_on(until(ended, image, container)),
            Err(cause) => Err(format!("no runtime for it: {cause}")),
        };
        // Nobody listens any more when the pod was ended by force.
        let _ = tell.send(outcome);
    };
    let thread = std::thread::Builder::new().name(name.clone()).spawn(work);
    thread.map_err(|cause| format!("no thread for {name}: {cause}"))?;
    told.await.unwrap_or_else(|_| Err(format!("the thread of {name} ended without a word")))
}

/// Runs it in a task, so that a panic of a stand-in is its crash and not ours.
async fn until(ended: CancellationToken, image: Arc<dyn Image>, container: Container) -> Outcome {
    let container = here(container).map_err(|cause| format!("its listeners: {cause}"))?;
    let outcome = async {
        let mut task = JoinSet::new();
        task.spawn_local(image.run(container));
        ended.run_until_cancelled(task.join_next()).await.flatten()
    };
    match LocalSet::new().run_until(outcome).await {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(error.to_string()),
        None => Ok(()),
    }
}

/// With its listeners on the runtime of this thread.
fn here(container: Container) -> std::io::Result<Container> {
    let moved = |(port, listener): (u16, TcpListener)| {
        Ok((port, TcpListener::from_std(listener.into_std()?)?))
    };
    let listeners = container.listeners.into_iter().map(moved).collect::<std::io::Result<_>>()?;
    Ok(Container { listeners, ..container })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::time::Duration;

    use futures::FutureExt as _;
    use futures::future::LocalBoxFuture;

    use super::*;
    use crate::image::Log;

    /// What a test's container does.
    struct Does(fn(Container) -> LocalBoxFuture<'static, Outcome>);

    impl Image for Does {
        fn run(&self, container: Container) -> LocalBoxFuture<'static, Outcome> {
            (self.0)(container)
        }
    }

    fn container(log: Log) -> Container {
        Container {
            name: "cart".to_owned(),
            env: BTreeMap::new(),
            args: Vec::new(),
            listeners: BTreeMap::new(),
            dial: Arc::new(|_, _| async { Err(io::Error::other("no way out")) }.boxed()),
            log,
            stop: CancellationToken::new(),
        }
    }

    async fn run_one(does: fn(Container) -> LocalBoxFuture<'static, Outcome>) -> Outcome {
        run(Arc::new(Does(does)), container(Arc::new(|_| ())), Threads::default()).await
    }

    #[tokio::test]
    async fn each_has_a_thread_of_its_own() {
        let on_it = |_| {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            async move { if name == "cart" { Ok(()) } else { Err(name) } }.boxed_local()
        };
        assert_eq!(run_one(on_it).await, Ok(()));
    }

    #[tokio::test]
    async fn a_panic_is_its_own_crash() {
        let outcome = run_one(|_| async { panic!("out of order") }.boxed_local()).await;
        assert!(outcome.unwrap_err().contains("out of order"));
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_any_more_ends() {
        let (tell, told) = oneshot::channel::<()>();
        let held = std::sync::Mutex::new(Some(tell));
        let log = Arc::new(move |_| drop(held.lock().map(|mut held| held.take())));
        let forever = Does(|container| {
            async move {
                let _log = container.log;
                std::future::pending().await
            }
            .boxed_local()
        });
        let mut running = Box::pin(run(Arc::new(forever), container(log), Threads::default()));
        assert!(running.as_mut().now_or_never().is_none());
        drop(running);
        // What it held is dropped with it; it would live for ever otherwise.
        let dropped = tokio::time::timeout(Duration::from_secs(20), told).await;
        assert!(dropped.expect("it ends").is_err());
    }
}
