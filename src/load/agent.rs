//! The load agent: streams of requests, started, read and stopped over HTTP. It runs as a pod where
//! the application's own load enters the mesh, and knows nothing but HTTP; the words are in
//! `wire`.
//!
//! It is a dead man's switch for its own load: streams that nobody asks about stop by themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::{DefaultBodyLimit, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::pacer::Pacer;
use super::sender::{Dialer, tcp_dialer};
use super::spec::StreamSpec;
use super::stream::{StreamHandle, StreamTask};
use super::wire::{ABOUT, About, EndedBy, Refused, Started, State, StreamReport};
use crate::error::{Error, Result};

/// Where it listens in its pod. Outside of Istio's own ports (15000-15099).
pub const PORT: u16 = 8099;

/// A stream whose report nobody has asked for this long stops. A runner asks at least every
/// second; 20 s outlast an API server's hiccup and are short enough for a production mesh.
pub const UNWATCHED_AFTER: Duration = Duration::from_secs(20);

/// How often unwatched streams are looked for.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Streams known at once, done ones included: a scenario has a handful, one per client.
pub const STREAMS_MAX: usize = 64;

/// The longest list of specs, in bytes: one body of the most a spec may hold, and some.
const SPECS_BYTES_MAX: usize = 2 << 20;

/// How long requests in flight may take to end once the agent has been told to: within the 30 s
/// that Kubernetes gives a pod.
const END_GRACE: Duration = Duration::from_secs(10);

/// How long open connections to the agent itself may take to end after that.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// What the handlers share.
struct Agent {
    dialer: Dialer,
    inner: Mutex<Inner>,
}

struct Inner {
    /// `None` once the agent has ended.
    pacer: Option<Pacer>,
    streams: BTreeMap<u64, Arc<StreamHandle>>,
    tasks: JoinSet<()>,
    last_id: u64,
}

/// Ends an agent whatever becomes of its server: a connection that somebody holds open would
/// otherwise keep it, and its load, alive.
struct End(Arc<Agent>);

type Answered<T> = std::result::Result<T, Response>;

/// Serves an agent until `stop`, or until the server fails. Then streams stop; what is still in
/// flight after a grace of 10 s is cut, and said to be.
///
/// # Errors
///
/// The runner's, if the pacing thread cannot be started or the listener fails.
pub async fn serve(listener: TcpListener, dialer: Dialer, stop: CancellationToken) -> Result<()> {
    let agent = Arc::new(Agent::new(dialer)?);
    let end = End(Arc::clone(&agent));
    let close = CancellationToken::new();
    let server = axum::serve(listener, router(Arc::clone(&agent)))
        .with_graceful_shutdown(close.clone().cancelled_owned());
    let mut server = pin!(server.into_future());
    let mut watch = tokio::time::interval(WATCH_INTERVAL);
    let served = loop {
        tokio::select! {
            served = &mut server => break served,
            _ = watch.tick() => agent.stop_unwatched(UNWATCHED_AFTER),
            () = stop.cancelled() => {
                // Reports can still be read while the last requests end.
                tokio::select! {
                    served = &mut server => break served,
                    () = agent.drain(END_GRACE) => {}
                }
                close.cancel();
                break tokio::time::timeout(CLOSE_GRACE, server).await.unwrap_or(Ok(()));
            }
        }
    };
    drop(end);
    served.map_err(|e| Error::runner("serving the load agent", e))
}

/// An agent in a pod: plain TCP with names resolved by the system, on `address`, until `stop`.
///
/// # Errors
///
/// The runner's, if the address cannot be listened on; otherwise as `serve`.
pub async fn main_tcp(address: SocketAddr, stop: CancellationToken) -> Result<()> {
    raise_open_files();
    let listener = TcpListener::bind(address).await.map_err(|e| {
        Error::runner(format!("listening on {address} for the load agent"), e)
            .hint("another process may hold the port")
    })?;
    serve(listener, tcp_dialer(), stop).await
}

/// Lets this process open as many files as it may: each request in flight is a connection, and the
/// usual soft limit of 1,024 is for programs that use `select`.
pub fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!("the limit of open files could not be raised: {error}");
    }
}

fn router(agent: Arc<Agent>) -> axum::Router {
    axum::Router::new()
        .route("/ready", get(|| async { "ready\n" }))
        .route(ABOUT, get(about))
        .route("/streams", get(reports).post(start))
        .route("/streams/{id}", get(report).delete(forget))
        .route("/streams/{id}/stop", post(stop_stream))
        .layer(DefaultBodyLimit::max(SPECS_BYTES_MAX))
        .with_state(agent)
}

async fn about() -> Json<About> {
    Json(About { version: env!("CARGO_PKG_VERSION").to_owned() })
}

async fn reports(Shared(agent): Shared<Arc<Agent>>) -> Json<Vec<StreamReport>> {
    Json(agent.all().iter().map(|live| live.report()).collect())
}

async fn report(
    Shared(agent): Shared<Arc<Agent>>,
    Path(id): Path<String>,
) -> Answered<Json<StreamReport>> {
    Ok(Json(agent.stream(&id)?.report()))
}

async fn stop_stream(
    Shared(agent): Shared<Arc<Agent>>,
    Path(id): Path<String>,
) -> Answered<Json<StreamReport>> {
    let live = agent.stream(&id)?;
    live.stop(EndedBy::Asked);
    Ok(Json(live.report()))
}

async fn forget(
    Shared(agent): Shared<Arc<Agent>>,
    Path(id): Path<String>,
) -> Answered<Json<StreamReport>> {
    let live = agent.stream(&id)?;
    let report = live.report();
    if report.state != State::Done {
        let error = format!("stream {id} has not ended: stop it and wait until it is done");
        return Err(refused(StatusCode::CONFLICT, error));
    }
    agent.inner().streams.remove(&report.id);
    Ok(Json(report))
}

async fn start(Shared(agent): Shared<Arc<Agent>>, body: Bytes) -> Answered<Json<Started>> {
    // Not axum's own extractor: its refusals differ in status and shape from ours.
    let specs: Vec<StreamSpec> = serde_json::from_slice(&body)
        .map_err(|e| refused(StatusCode::BAD_REQUEST, format!("the list of streams: {e}")))?;
    agent.start(&specs).map(|ids| Json(Started { ids }))
}

fn refused(status: StatusCode, error: String) -> Response {
    (status, Json(Refused { error })).into_response()
}

// === impl Agent ===

impl Agent {
    fn new(dialer: Dialer) -> Result<Self> {
        let pacer = Pacer::start()
            .map_err(|e| Error::runner("starting the load agent's pacing thread", e))?;
        let inner = Inner {
            pacer: Some(pacer),
            streams: BTreeMap::new(),
            tasks: JoinSet::new(),
            last_id: 0,
        };
        Ok(Self { dialer, inner: Mutex::new(inner) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Arc<StreamHandle>> {
        self.inner().streams.values().cloned().collect()
    }

    fn stream(&self, id: &str) -> Answered<Arc<StreamHandle>> {
        let known = id.parse().ok().and_then(|id: u64| self.inner().streams.get(&id).cloned());
        known.ok_or_else(|| refused(StatusCode::NOT_FOUND, "there is no such stream".into()))
    }

    /// Starts all the streams or none.
    fn start(&self, specs: &[StreamSpec]) -> Answered<Vec<u64>> {
        let bad = |error| refused(StatusCode::BAD_REQUEST, error);
        if specs.is_empty() || specs.len() > STREAMS_MAX {
            let count = specs.len();
            return Err(bad(format!("{count} streams are not between 1 and {STREAMS_MAX}")));
        }
        let target = |spec: &StreamSpec| {
            spec.target().map_err(|e| bad(format!("the stream `{}`: {e}", spec.name)))
        };
        let targets: Vec<_> = specs.iter().map(target).collect::<std::result::Result<_, _>>()?;

        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.make_room(specs.len())?;
        let Some(pacer) = &inner.pacer else {
            return Err(refused(StatusCode::CONFLICT, "the agent is ending".into()));
        };
        let start = Instant::now();
        let mut prepared = Vec::with_capacity(specs.len());
        for (id, (spec, target)) in (inner.last_id + 1..).zip(specs.iter().zip(targets)) {
            let stream = StreamTask::new(id, spec, target, pacer, start).map_err(|e| {
                refused(StatusCode::INTERNAL_SERVER_ERROR, format!("starting a stream: {e}"))
            })?;
            prepared.push((id, stream));
        }
        let mut ids = Vec::with_capacity(specs.len());
        for (id, stream) in prepared {
            inner.streams.insert(id, stream.live());
            inner.tasks.spawn(stream.run(Arc::clone(&self.dialer)));
            inner.last_id = id;
            ids.push(id);
        }
        Ok(ids)
    }

    fn stop_unwatched(&self, after: Duration) {
        for live in self.all() {
            if live.state() == State::Sending && live.unwatched() > after {
                tracing::warn!("nobody asks for the reports of a stream: it is stopped");
                live.stop(EndedBy::Unwatched);
            }
        }
    }

    /// Stops all streams and waits for what they have in flight, no longer than `grace`.
    async fn drain(&self, grace: Duration) {
        let mut tasks = self.inner().end();
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::warn!("requests were still in flight when the agent ended: they are cut");
        }
        tasks.shutdown().await;
        for live in self.all().iter().filter(|live| live.state() != State::Done) {
            live.cut();
        }
    }
}

// === impl Inner ===

impl Inner {
    /// Stops all streams and lets nothing new start; what still has requests in flight.
    fn end(&mut self) -> JoinSet<()> {
        // Before the pacer: a plan that ends with it would look as if it had been done.
        self.streams.values().for_each(|live| live.stop(EndedBy::Agent));
        self.pacer = None;
        std::mem::take(&mut self.tasks)
    }

    /// Makes room for new streams by forgetting the oldest that are done: a runner that vanished
    /// has not deleted its own.
    fn make_room(&mut self, wanted: usize) -> Answered<()> {
        while self.tasks.try_join_next().is_some() {}
        while self.streams.len() + wanted > STREAMS_MAX {
            let done = self.streams.iter().find(|(_, live)| live.state() == State::Done);
            let Some(id) = done.map(|(id, _)| *id) else {
                let error = format!("more than {STREAMS_MAX} streams would run at once");
                return Err(refused(StatusCode::CONFLICT, error));
            };
            self.streams.remove(&id);
        }
        Ok(())
    }
}

// === impl End ===

impl Drop for End {
    fn drop(&mut self) {
        // Dropping the tasks aborts those that are left; after `drain` there are none.
        drop(self.0.inner().end());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::load::ledger::Failure;
    use crate::load::spec::{Shape, Spacing};
    use crate::units::Rate;

    /// An agent with one stream of 200 requests/s to a server that accepts and never answers.
    async fn busy() -> (TcpListener, Agent, Arc<StreamHandle>) {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let rate = Rate::per_second(200.0).unwrap();
        let shape = Shape::Open { rate, spacing: Spacing::Even, ramp_ms: 0 };
        let agent = Agent::new(tcp_dialer()).unwrap();
        let started = agent.start(&[StreamSpec::get("portal", url, shape)]);
        let Ok(live) = started.and_then(|ids| agent.stream(&ids[0].to_string())) else {
            panic!("a good stream was refused");
        };
        (silent, agent, live)
    }

    /// Waits for what comes within milliseconds; one that takes long has hung.
    async fn eventually(holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it never comes");
    }

    #[tokio::test]
    async fn load_that_nobody_watches_stops_and_only_that() {
        let (_silent, agent, live) = busy().await;
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Nobody has asked for so long; somebody does, just before anybody looks: it goes on.
        let unwatched = begun.elapsed();
        assert_eq!(live.report().state, State::Sending);
        agent.stop_unwatched(unwatched);
        assert_eq!(live.report().ended_by, None);
        tokio::time::sleep(Duration::from_millis(200)).await;
        agent.stop_unwatched(Duration::from_millis(150));
        assert_eq!(live.report().ended_by, Some(EndedBy::Unwatched));
        eventually(|| live.report().state == State::Draining).await;
        let stopped = live.report();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let later = live.report();
        assert_eq!((later.state, later.tally.due), (State::Draining, stopped.tally.due));
        assert!(later.kept_plan().is_err());
    }

    #[tokio::test]
    async fn what_an_ending_agent_cannot_wait_for_is_counted_as_cut() {
        let (_silent, agent, live) = busy().await;
        eventually(|| live.report().tally.due > 5).await;
        agent.drain(Duration::from_millis(50)).await;
        let report = live.report();
        assert_eq!((report.state, report.ended_by), (State::Done, Some(EndedBy::Agent)));
        assert_eq!(report.tally.by_error[&Failure::Cut], report.tally.due);
        assert_eq!(report.tally.balanced(), Ok(()));
        assert!(agent.start(&[]).is_err());
    }

    #[tokio::test]
    async fn an_agent_that_is_dropped_leaves_no_load_behind() {
        let (_silent, agent, live) = busy().await;
        let agent = Arc::new(agent);
        // A connection to the agent that somebody holds open.
        let held = Arc::clone(&agent);
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(End(agent));
        let then = live.report().tally.due;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(live.report().tally.due, then);
        drop(held);
    }
}
