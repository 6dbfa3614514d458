//! Istio's standard metrics from an upstream Envoy: the stats access logger that counts, and the
//! page on port 15020 that shows the counts under Istio's names and labels.
//!
//! `logger` makes the loggers' configuration, `rewrite` turns Envoy's page into Istio's (both
//! pure), `queue` adds how long Envoy waited for a core, and `serve` is the page.

mod logger;
mod queue;
mod rewrite;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;

use super::envoy::admin;
use super::network::{Network, PodNet};
use super::pages::{self, Page};

pub use logger::{http_access_log, tcp_access_log, tcp_access_log_options};
pub use rewrite::rewrite;

/// Which side of a connection a listener is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reporter {
    /// Outbound listeners.
    Source,
    /// Inbound listeners.
    Destination,
}

/// Where a pod's metrics are really served.
pub type Telemetry = SocketAddr;

/// Envoy's own statistics that Istio's default inclusion keeps, and our loggers' counters.
const COUNTERS: &str = "/stats/prometheus?filter=^(istio%5C.(requests_total|tcp_)|\
    cluster_manager%5C.|listener_manager%5C.(lds%5C.|[^.]*$)|server%5C.[^.]*$)";
/// Our loggers' histograms, which are nearly all of a page; and how late Envoy's threads ran.
const HISTOGRAMS: &str =
    "/stats/prometheus?filter=(^istio%5C.re(quest|sponse)_|%5C.dispatcher%5C.)";
/// The latter alone.
const DELAYS: &str = "/stats/prometheus?filter=%5C.dispatcher%5C.";

/// How often the page is read until its histograms have caught up with its counters. Merging them
/// takes one turn of each worker; the second reading had them in all of some hundred tries.
const READINGS: u32 = 20;
/// Between two readings.
const PAUSE: Duration = Duration::from_millis(2);

/// One pod's metrics.
struct Metrics {
    admin: PathBuf,
    pod: PodNet,
    network: Network,
    /// What was made of our loggers' counts last time. A pod that nobody calls meanwhile has the
    /// same the next time; histograms change with counters only.
    last: Mutex<Option<Counted>>,
}

/// Our loggers' counts.
struct Counted {
    /// The counters as Envoy tells them.
    counters: String,
    /// Counters and histograms as Istio tells them.
    page: String,
}

/// Serves `/stats/prometheus` (and `/healthz/ready`) for one pod until the future is dropped.
pub async fn serve(listener: TcpListener, admin: PathBuf, pod: PodNet, network: Network) {
    let metrics = Arc::new(Metrics { admin, pod, network, last: Mutex::default() });
    pages::serve(listener, move |path| {
        let metrics = Arc::clone(&metrics);
        Box::pin(async move {
            match path.split('?').next().unwrap_or_default() {
                "/stats/prometheus" | "/metrics" => match metrics.page().await {
                    Ok(page) => Page::metrics(page),
                    Err(error) => Page::text(503, format!("Envoy's admin: {error}\n")),
                },
                "/healthz/ready" => match admin::get(&metrics.admin, "/ready").await {
                    Ok(answer) => Page::text(answer.status, answer.body),
                    Err(error) => Page::text(503, format!("Envoy's admin: {error}\n")),
                },
                _ => Page::text(404, "not found\n".to_owned()),
            }
        })
    })
    .await;
}

impl Metrics {
    /// The page: what our loggers counted, in Istio's terms, and Envoy's own statistics.
    async fn page(&self) -> io::Result<String> {
        let (counters, mut others) = parted(&admin::get(&self.admin, COUNTERS).await?.body);
        let last = self.last().take().filter(|last| last.counters == counters);
        let (counted, complete) = match last {
            Some(last) => {
                others += &admin::get(&self.admin, DELAYS).await?.body;
                (last, true)
            }
            None => {
                let (text, complete) = histograms(&self.admin, &counters).await?;
                let (histograms, delays) = parted(&text);
                others += &delays;
                let peer = |ip| self.network.by_ip(ip).map(|pod| pod.workload.clone());
                let ours = counters.clone() + &histograms;
                let page = rewrite(&ours, &self.pod.workload, &peer);
                (Counted { counters, page }, complete)
            }
        };
        // Where the kernel does not tell, or Envoy has just ended, the page does without it.
        if let Ok(pid) = admin::process(&self.admin).await {
            others += &queue::lines(pid);
        }
        let page = counted.page.clone() + &others;
        if complete {
            *self.last() = Some(counted);
        }
        Ok(page)
    }

    fn last(&self) -> MutexGuard<'_, Option<Counted>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of our loggers, and the others.
fn parted(text: &str) -> (String, String) {
    let (mut ours, mut others) = (String::new(), String::new());
    for line in text.lines() {
        let name = line.strip_prefix("# TYPE ").unwrap_or(line);
        let page = if name.starts_with("envoy_istio_") { &mut ours } else { &mut others };
        page.push_str(line);
        page.push('\n');
    }
    (ours, others)
}

/// Our loggers' histograms, as new as their counters, and whether they are that.
///
/// With `stats_flush_on_admin` each reading starts a merge of the workers' histograms and does not
/// wait for it, so that a reading has the histograms of the one before, while counters are always
/// live. So they are read until they hold at least as many requests as the counters: all that had
/// ended when the page was asked for.
async fn histograms(admin: &Path, counters: &str) -> io::Result<(String, bool)> {
    let ended = sum(counters, "envoy_istio_requests_total");
    let mut text = String::new();
    for _ in 0..READINGS {
        text = admin::get(admin, HISTOGRAMS).await?.body;
        if sum(&text, "envoy_istio_request_duration_milliseconds_count") >= ended {
            return Ok((text, true));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok((text, false))
}

/// The sum of all samples of a metric; a page that cannot be read has none.
fn sum(text: &str, metric: &str) -> f64 {
    let lines = exposition::lines(text).filter_map(Result::ok);
    let named = lines.filter(|line| line.name() == Some(metric));
    named.filter_map(|line| line.sample().ok()).map(|sample| sample.value).sum()
}
