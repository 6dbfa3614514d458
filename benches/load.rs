//! What the load generator itself can do: requests per second of one core, and how well it keeps a
//! plan. It prints figures and judges nothing; the server is trivial and has a thread of its own.

#![expect(clippy::disallowed_methods, reason = "a benchmark prints figures and ends")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use faultless::load::pacer::Pacer;
use faultless::load::stream::StreamTask;
use faultless::load::{Shape, Spacing, StreamReport, StreamSpec, tcp_dialer};
use faultless::units::Rate;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// When requests reached the server.
type Arrivals = Arc<Mutex<Vec<Instant>>>;

fn main() {
    faultless::load::agent::raise_open_files();
    let arrivals = Arrivals::default();
    let address = serve(Arc::clone(&arrivals));
    let url = format!("http://{address}/");

    let closed = Shape::Closed { concurrency: 64, requests: None };
    let (report, cpu) = run(&stream(&url, closed, 5_000));
    let done = report.tally.done as f64;
    println!("closed, 64 at once: {:.0} requests/s", done / report.elapsed_ms as f64 * 1e3);
    if let Some(cpu) = cpu {
        println!("  {:.0} requests per second of the sender's core", done / cpu.as_secs_f64());
    }

    for rate in [1_000.0, 10_000.0, 30_000.0] {
        arrivals.lock().expect("nothing panics with the lock").clear();
        let rate_per_second = Rate::per_second(rate).expect("a rate within its bounds");
        let shape = Shape::Open { rate: rate_per_second, spacing: Spacing::Even, ramp_ms: 0 };
        let (report, cpu) = run(&stream(&url, shape, 5_000));
        let late = |quantile| report.tally.lateness.quantile(quantile).unwrap_or_default();
        let (p50, p99, max) = (late(0.5), late(0.99), late(1.0));
        println!("open, {rate}/s: sends late by {p50:?} p50, {p99:?} p99, {max:?} at most");
        let empty = empty_slots(&arrivals.lock().expect("nothing panics with the lock"));
        let latency = report.tally.latency.all();
        let latency = |quantile| latency.quantile(quantile).unwrap_or_default();
        let share = cpu.map(|cpu| cpu.as_secs_f64() / report.elapsed_ms as f64 * 1e5);
        println!("  {:.1}% of the 1-ms slots empty at the server", empty * 100.0);
        println!("  latency {:?} p50, {:?} p99", latency(0.5), latency(0.99));
        println!("  {:.0}% of the sender's core", share.unwrap_or(f64::NAN));
        println!("  kept its plan: {:?}", report.kept_plan());
    }
}

fn stream(url: &str, shape: Shape, duration_ms: u64) -> StreamSpec {
    StreamSpec { duration_ms: Some(duration_ms), ..StreamSpec::get("bench", url, shape) }
}

/// Runs a stream on a thread of its own; the report and the processor time of that thread.
fn run(spec: &StreamSpec) -> (StreamReport, Option<Duration>) {
    let body = || {
        let pacer = Pacer::start().expect("a thread can be started");
        let target = spec.target().expect("the benchmark's own spec is sound");
        let start = Instant::now();
        let prepared = StreamTask::new(1, spec, target, &pacer, start).expect("the pacer is new");
        let live = prepared.live();
        runtime().block_on(prepared.run(tcp_dialer()));
        (live.report(), thread_time())
    };
    std::thread::scope(|scope| scope.spawn(body).join().expect("the sender does not panic"))
}

/// The time the calling thread has spent on a processor, as Linux counts it.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be built")
}

/// A server that answers everything with `ok` until the process ends.
fn serve(arrivals: Arrivals) -> SocketAddr {
    let runtime = runtime();
    let bound = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    let listener = bound.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    std::thread::spawn(move || {
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let arrivals = Arc::clone(&arrivals);
                let answer = service_fn(move |_| {
                    arrivals.lock().expect("nothing panics with the lock").push(Instant::now());
                    async { Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from("ok")))) }
                });
                connections
                    .spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
    });
    address
}

/// The share of the milliseconds between the first and the last arrival in which there was none.
fn empty_slots(arrivals: &[Instant]) -> f64 {
    let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else { return 1.0 };
    let slots = last.duration_since(*first).as_millis() + 1;
    let mut used: Vec<u128> =
        arrivals.iter().map(|at| at.saturating_duration_since(*first).as_millis()).collect();
    used.sort_unstable();
    used.dedup();
    1.0 - used.len() as f64 / slots as f64
}
