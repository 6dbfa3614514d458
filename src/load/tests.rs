//! The load engine against real sockets: servers that stall, never answer, refuse or cut, and the
//! agent over HTTP as the runner speaks to it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agent::{STREAMS_MAX, serve};
use super::ledger::Failure;
use super::pacer::Pacer;
use super::sender::tcp_dialer;
use super::spec::{Shape, Spacing, StreamSpec};
use super::stream::{StreamHandle, StreamTask};
use super::wire;
use super::wire::{EndedBy, Refused, Started, State, StreamReport};
use crate::units::Rate;

/// An HTTP server for one test; it ends with it.
struct Server {
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Server {
    async fn start(app: Router) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, tasks }
    }

    /// A server that does `then` with every connection.
    async fn raw<F, R>(then: F) -> Self
    where
        F: Fn(TcpStream) -> R + Send + 'static,
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(then(stream));
            }
        });
        Self { address, tasks }
    }

    fn url(&self) -> String {
        format!("http://{}/travels", self.address)
    }
}

fn open(rate: f64) -> Shape {
    Shape::Open { rate: Rate::per_second(rate).unwrap(), spacing: Spacing::Even, ramp_ms: 0 }
}

fn spec(url: impl Into<String>, shape: Shape, duration_ms: u64) -> StreamSpec {
    StreamSpec { duration_ms: Some(duration_ms), ..StreamSpec::get("portal", url, shape) }
}

/// Starts a stream; the pacer must live as long as it.
fn begin(spec: &StreamSpec) -> (Pacer, Arc<StreamHandle>, JoinSet<()>) {
    begin_at(spec, Instant::now())
}

fn begin_at(spec: &StreamSpec, start: Instant) -> (Pacer, Arc<StreamHandle>, JoinSet<()>) {
    let pacer = Pacer::start().unwrap();
    let target = spec.target().unwrap();
    let prepared = StreamTask::new(1, spec, target, &pacer, start).unwrap();
    let live = prepared.live();
    let mut tasks = JoinSet::new();
    tasks.spawn(prepared.run(tcp_dialer()));
    (pacer, live, tasks)
}

/// Runs a stream to its end; its books balance and nothing is in flight.
async fn run(spec: &StreamSpec) -> StreamReport {
    let (_pacer, live, tasks) = begin(spec);
    tasks.join_all().await;
    let report = live.report();
    assert_eq!(report.tally.balanced(), Ok(()));
    assert_eq!((report.state, report.tally.in_flight), (State::Done, 0));
    report
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Within this, a server listens and a stream is set up; its plan begins then.
const PATIENCE_TO_START: Duration = Duration::from_millis(200);

/// What takes milliseconds has hung when it takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(ms(5)).await;
    }
}

/// A server with a single worker that answers in the order of arrival and does nothing during the
/// stall. Bare sockets: a thousand answers go out at once when it ends, and what an unoptimised web
/// framework takes for them would be measured as latency.
async fn stalling(stall: Range<Instant>) -> Server {
    #[expect(clippy::disallowed_methods, reason = "the load that fills it is bounded")]
    let (arrived, mut waiting) = mpsc::unbounded_channel::<Arc<TcpStream>>();
    let mut server = Server::raw(move |stream| {
        let (stream, arrived) = (Arc::new(stream), arrived.clone());
        async move {
            loop {
                stream.readable().await?;
                match stream.try_read(&mut [0; 1024]) {
                    Ok(0) => return Ok(()),
                    Ok(_) => arrived.send(Arc::clone(&stream)).map_err(io::Error::other)?,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    })
    .await;
    server.tasks.spawn(async move {
        while let Some(stream) = waiting.recv().await {
            if stall.contains(&Instant::now()) {
                tokio::time::sleep_until(stall.end.into()).await;
            }
            // So short an answer always fits the socket's buffer.
            stream.try_write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]").unwrap();
        }
    });
    server
}

/// What load generators are held against: a server that answers nothing for half a second out of
/// three. 100 of 600 requests wait, evenly between 0 and 500 ms; one that waits for its answers
/// would send a single one meanwhile.
#[tokio::test]
async fn a_stall_shows_in_full() {
    // Requests are due from a moment after this one on.
    let start = Instant::now() + PATIENCE_TO_START;
    let server = stalling(start + ms(1_000)..start + ms(1_500)).await;
    let spec = StreamSpec { max_in_flight: 600, ..spec(server.url(), open(200.0), 3_000) };
    let (_pacer, live, tasks) = begin_at(&spec, start);
    tasks.join_all().await;

    let report = live.report();
    let tally = &report.tally;
    let quantile = |quantile| tally.latency.all().quantile(quantile).unwrap();
    assert_eq!((tally.due, tally.sent, tally.by_status[&200]), (600, 600, 600));
    // Of the hundred, 30 waited for 350 ms or more, and 6 for 470.
    let (p95, p99) = (quantile(0.95), quantile(0.99));
    assert!(ms(345) <= p95 && ms(465) <= p99, "p95 {p95:?}, p99 {p99:?}");
    // And no longer, but for what the machine kept this very runtime waiting.
    let kept = report.conditions.longest_stall() + tally.lateness.max().unwrap_or_default();
    let (most95, most99) = (ms(375) + kept, ms(495) + kept);
    assert!(p95 <= most95 && p99 <= most99, "p95 {p95:?}, p99 {p99:?}, kept waiting {kept:?}");
    // Of its three seconds, one was the busiest.
    let busiest = &report.conditions.busiest;
    assert!(busiest.busy().is_some() && busiest.elapsed_us >= 1_000_000, "{busiest:?}");
    assert!(busiest.elapsed_us < report.conditions.machine.elapsed_us, "{busiest:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_counted_as_timeouts() {
    let server = Server::raw(|mut stream| async move {
        // Until the other side closes, as it must after its timeout.
        while stream.read(&mut [0; 1024]).await? > 0 {}
        Ok(())
    })
    .await;
    let spec = StreamSpec { timeout_ms: 200, ..spec(server.url(), open(100.0), 500) };
    let tally = run(&spec).await.tally;
    assert_eq!((tally.due, tally.done, tally.by_error[&Failure::Timeout]), (50, 50, 50));
    assert_eq!(tally.latency.ok.count(), 0);
    // How much later than that is the machine's; `sender` has a paused clock.
    assert_eq!(tally.service.error.count_between(ms(199), PATIENCE), 50);
}

#[tokio::test]
async fn refused_cut_and_foreign_answers_are_told_apart() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", unused.local_addr().unwrap());
    drop(unused);
    let tally = run(&spec(url, open(100.0), 200)).await.tally;
    assert_eq!(tally.by_error[&Failure::Refused], 20);
    assert!(tally.last_error.unwrap().contains("refused"));

    let cut = Server::raw(|mut stream| async move {
        stream.read_buf(&mut Vec::new()).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await
    })
    .await;
    let tally = run(&spec(cut.url(), open(100.0), 200)).await.tally;
    assert_eq!(tally.by_error[&Failure::Closed], 20, "{tally:?}");

    let foreign = Server::raw(|mut stream| async move {
        stream.read_buf(&mut Vec::new()).await?;
        stream.write_all(b"220 smtp.example.org ready\r\n").await
    })
    .await;
    let tally = run(&spec(foreign.url(), open(100.0), 200)).await.tally;
    assert_eq!(tally.by_error[&Failure::Protocol], 20, "{tally:?}");

    let endless = Server::raw(|mut stream| async move {
        stream.read_buf(&mut Vec::new()).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(&[b'x'; 16_384]).await?;
        }
    })
    .await;
    let tally = run(&spec(endless.url(), open(100.0), 20)).await.tally;
    assert_eq!(tally.by_error[&Failure::TooLarge], 2, "{tally:?}");
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_costs_no_request() {
    let server = Server::raw(|mut stream| async move {
        stream.read_buf(&mut Vec::new()).await?;
        // Without `connection: close`: the client only sees that the connection is gone.
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await
    })
    .await;
    let spec = StreamSpec { expect_json_nonempty: true, ..spec(server.url(), open(200.0), 500) };
    let tally = run(&spec).await.tally;
    assert_eq!((tally.done, tally.by_status[&200], tally.empty), (100, 100, 100), "{tally:?}");
    assert_eq!((tally.succeeded(), tally.failed()), (0, 100));
}

#[tokio::test]
async fn what_does_not_fit_in_flight_is_unsent_and_voids_the_stream() {
    // Nothing is answered before this is closed.
    let held = Arc::new(Semaphore::new(0));
    let holding = Arc::clone(&held);
    let app = Router::new().fallback(move || async move { drop(holding.acquire().await) });
    let server = Server::start(app).await;
    let spec = StreamSpec { max_in_flight: 5, ..spec(server.url(), open(100.0), 500) };
    let (_pacer, live, tasks) = begin(&spec);
    until("all are due", || live.report().tally.due == 50).await;
    held.close();
    tasks.join_all().await;
    let report = live.report();
    let tally = &report.tally;
    assert_eq!((tally.due, tally.sent, tally.unsent), (50, 5, 45));
    assert_eq!(tally.by_status[&200], 5);
    assert_eq!(tally.balanced(), Ok(()));
    let error = report.kept_plan().unwrap_err();
    assert!(error.contains("too many were in flight"), "{error}");
}

#[tokio::test]
async fn a_stop_cuts_nothing_off() {
    // Nothing is answered before this is closed.
    let held = Arc::new(Semaphore::new(0));
    let holding = Arc::clone(&held);
    let app = Router::new().fallback(move || async move { drop(holding.acquire().await) });
    let server = Server::start(app).await;
    let (_pacer, live, mut tasks) = begin(&spec(server.url(), open(100.0), 60_000));
    until("some are in flight", || live.report().tally.in_flight > 10).await;
    live.stop(EndedBy::Asked);
    until("it drains", || live.report().state == State::Draining).await;
    let draining = live.report();
    assert_eq!(draining.ended_by, Some(EndedBy::Asked));
    assert!(draining.tally.in_flight > 10);
    held.close();
    tasks.join_next().await;
    let done = live.report();
    assert_eq!((done.state, done.tally.in_flight), (State::Done, 0));
    // Nothing was sent after the stop, and all that was in flight was answered.
    assert_eq!(done.tally.due, draining.tally.due);
    assert_eq!(done.tally.by_status[&200], done.tally.due);
    assert_eq!(done.tally.balanced(), Ok(()));
}

#[tokio::test]
async fn a_burst_is_as_many_at_once_as_it_says() {
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    // A server that answers when so many have come.
    let serve = |together| {
        let (counting, reached) = (Arc::clone(&now), Arc::clone(&most));
        let all = Arc::new(Barrier::new(together));
        Server::start(Router::new().fallback(move || async move {
            reached.fetch_max(counting.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            all.wait().await;
            tokio::time::sleep(ms(100)).await;
            counting.fetch_sub(1, Ordering::SeqCst);
        }))
    };
    let burst = |server: &Server, concurrency, requests| {
        let shape = Shape::Closed { concurrency, requests: Some(requests) };
        StreamSpec::get("loadtester", server.url(), shape)
    };
    let server = serve(50).await;
    let tally = run(&burst(&server, 50, 50)).await.tally;
    assert_eq!((tally.due, tally.by_status[&200], most.swap(0, Ordering::SeqCst)), (50, 50, 50));
    let server = serve(1).await;
    let tally = run(&burst(&server, 1, 5)).await.tally;
    assert_eq!((tally.due, tally.by_status[&200], most.swap(0, Ordering::SeqCst)), (5, 5, 1));
}

#[tokio::test]
async fn so_many_at_once_go_on_until_their_time_is_over() {
    // One permit is one answer.
    let held = Arc::new(Semaphore::new(0));
    let holding = Arc::clone(&held);
    let app = Router::new().fallback(move || async move {
        if let Ok(permit) = holding.acquire().await {
            permit.forget();
        }
    });
    let server = Server::start(app).await;
    let shape = Shape::Closed { concurrency: 4, requests: None };
    let (_pacer, live, tasks) = begin(&spec(server.url(), shape, 2_000));
    let sent = |many| live.report().tally.sent == many;
    until("four are sent", || sent(4)).await;
    // Each answer is followed by one more request, and only that.
    held.add_permits(3);
    until("three more are sent", || sent(7)).await;
    until("their time is over", || live.report().state == State::Draining).await;
    held.close();
    tasks.join_all().await;
    let report = live.report();
    assert_eq!(report.ended_by, Some(EndedBy::Plan));
    assert_eq!((report.tally.sent, report.tally.by_status[&200]), (7, 7));
}

/// An agent and the way to speak to it.
struct Agent {
    url: String,
    http: reqwest::Client,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Agent {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let stopped = stop.clone();
        tasks.spawn(async move { serve(listener, tcp_dialer(), stopped).await.unwrap() });
        // A second installation in one process is refused, and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { url, http, stop, tasks }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> (StatusCode, T) {
        let (status, answer) = self.send(method, path, body).await;
        (status, serde_json::from_slice(&answer).unwrap())
    }

    async fn send(&self, method: Method, path: &str, body: String) -> (StatusCode, Bytes) {
        let request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        let response = request.send().await.unwrap();
        (response.status(), response.bytes().await.unwrap())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let (status, answer) = self.call(Method::GET, path, String::new()).await;
        assert_eq!(status, StatusCode::OK);
        answer
    }

    async fn begin(&self, specs: &[StreamSpec]) -> Vec<u64> {
        let body = serde_json::to_string(specs).unwrap();
        let (status, started): (_, Started) = self.call(Method::POST, wire::STREAMS, body).await;
        assert_eq!(status, StatusCode::OK);
        started.ids
    }

    async fn refused(&self, method: Method, path: &str, body: &str) -> (u16, String) {
        let (status, refused): (_, Refused) = self.call(method, path, body.into()).await;
        (status.as_u16(), refused.error)
    }
}

#[tokio::test]
async fn an_agent_starts_reports_stops_and_forgets() {
    let app = Router::new().fallback(|headers: HeaderMap, uri: Uri| async move {
        let told = headers["portal"] == "voyages.fr" && uri.path() == "/travels";
        if told { StatusCode::OK } else { StatusCode::BAD_REQUEST }
    });
    let server = Server::start(app).await;
    let mut agent = Agent::start().await;
    let (ready, _) = agent.send(Method::GET, wire::READY, String::new()).await;
    let (said, about) = agent.send(Method::GET, wire::ABOUT, String::new()).await;
    assert_eq!(said, StatusCode::OK);
    let about: wire::About = serde_json::from_slice(&about).unwrap();
    assert_eq!(about.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(ready, StatusCode::OK);

    let mut endless = StreamSpec::get("portal voyages.fr", server.url(), open(200.0));
    endless.headers = vec![("portal".into(), vec!["voyages.fr".into()])];
    let ids = agent.begin(&[endless.clone(), endless.clone()]).await;
    assert_eq!(ids, [1, 2]);
    let answered = |r: &StreamReport| r.tally.by_status.get(&200).is_some_and(|&some| some > 5);
    let reports = loop {
        let reports: Vec<StreamReport> = agent.get(wire::STREAMS).await;
        if reports.iter().all(answered) {
            break reports;
        }
        tokio::time::sleep(ms(10)).await;
    };
    assert!(reports.iter().all(|r| r.state == State::Sending));

    let delete = Method::DELETE;
    let (status, error) = agent.refused(delete.clone(), &wire::stream(1), "").await;
    assert_eq!(status, 409, "{error}");
    let post = Method::POST;
    let (_, stopped): (_, StreamReport) = agent.call(post, &wire::stop(1), String::new()).await;
    assert_eq!(stopped.ended_by, Some(EndedBy::Asked));
    let done = loop {
        let report: StreamReport = agent.get(&wire::stream(1)).await;
        if report.state == State::Done {
            break report;
        }
        tokio::time::sleep(ms(10)).await;
    };
    assert_eq!(done.tally.by_status[&200], done.tally.due);
    let (_, last): (_, StreamReport) = agent.call(delete, &wire::stream(1), String::new()).await;
    assert_eq!(last.tally.done, done.tally.done);
    let (status, _) = agent.refused(Method::GET, &wire::stream(1), "").await;
    assert_eq!(status, 404);

    // The second stream is still under way; the agent ends it and itself.
    agent.stop.cancel();
    let ended = tokio::time::timeout(PATIENCE, agent.tasks.join_next()).await;
    assert!(matches!(ended, Ok(Some(Ok(())))), "{ended:?}");
}

#[tokio::test]
async fn an_agent_refuses_what_cannot_be_meant() {
    let agent = Agent::start().await;
    let post = |body: &str| {
        let (agent, body) = (&agent, body.to_owned());
        async move { agent.refused(Method::POST, wire::STREAMS, &body).await }
    };
    let good = spec("http://127.0.0.1:1/", open(1.0), 60_000);
    let bad = StreamSpec { max_in_flight: 0, ..good.clone() };
    let json = |specs: &[StreamSpec]| serde_json::to_string(specs).unwrap();
    let cases = [
        ("", "EOF"),
        ("[]", "0 streams"),
        (&json(&vec![good.clone(); STREAMS_MAX + 1]), "65 streams"),
        (&json(&[good.clone(), bad]), "max_in_flight"),
        (&json(std::slice::from_ref(&good)).replace("1.0", "1e9"), "rate"),
        (&json(std::slice::from_ref(&good)).replace("method", "methud"), "methud"),
    ];
    for (body, word) in cases {
        let (status, error) = post(body).await;
        assert_eq!(status, 400, "{error}");
        assert!(error.contains(word), "{word}: {error}");
    }
    // None of them has started anything, and a full agent says so.
    assert!(agent.get::<Vec<StreamReport>>(wire::STREAMS).await.is_empty());
    agent.begin(&vec![good.clone(); STREAMS_MAX]).await;
    let (status, error) = post(&json(&[good])).await;
    assert_eq!(status, 409, "{error}");
    for path in ["/streams/0", "/streams/x", "/streams/99999999999999999999"] {
        assert_eq!(agent.refused(Method::GET, path, "").await.0, 404);
    }
}
