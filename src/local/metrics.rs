//! Istio's standard metrics from an upstream Envoy: the stats access logger that counts, and the
//! page on port 15020 that shows the counts under Istio's names and labels.
//!
//! `logger` makes the loggers' configuration, `rewrite` turns Envoy's page into Istio's (both
//! pure), and `serve` is the page.

mod logger;
mod rewrite;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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

/// What Istio's default inclusion keeps of Envoy's own statistics, and our loggers' counts.
const PAGE: &str = "/stats/prometheus?filter=^(istio|cluster_manager|listener_manager|server)%5C.";
const REQUESTS: &str = "/stats/prometheus?filter=^istio%5C.requests_total";

/// How often the page is read until its histograms have caught up with its counters. Merging them
/// takes one turn of each worker; the second reading had them in all of some hundred tries.
const READINGS: u32 = 20;
/// Between two readings.
const PAUSE: Duration = Duration::from_millis(2);

/// Serves `/stats/prometheus` (and `/healthz/ready`) for one pod until the future is dropped.
pub async fn serve(listener: TcpListener, admin: PathBuf, pod: PodNet, network: Network) {
    let shared = Arc::new((admin, pod, network));
    pages::serve(listener, move |path| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (admin, pod, network) = &*shared;
            match path.split('?').next().unwrap_or_default() {
                "/stats/prometheus" | "/metrics" => match page(admin).await {
                    Ok(text) => {
                        let peer = |ip| network.by_ip(ip).map(|pod| pod.workload.clone());
                        Page::metrics(rewrite(&text, &pod.workload, &peer))
                    }
                    Err(error) => Page::text(503, format!("Envoy's admin: {error}\n")),
                },
                "/healthz/ready" => match admin::get(admin, "/ready").await {
                    Ok(answer) => Page::text(answer.status, answer.body),
                    Err(error) => Page::text(503, format!("Envoy's admin: {error}\n")),
                },
                _ => Page::text(404, "not found\n".to_owned()),
            }
        })
    })
    .await;
}

/// Envoy's page, with its histograms as new as its counters.
///
/// With `stats_flush_on_admin` each reading starts a merge of the workers' histograms and does not
/// wait for it, so that a reading has the histograms of the one before, while counters are always
/// live. So the counters are read first, and then the page until its histograms hold at least as
/// many requests as those did: all that had ended when the page was asked for.
async fn page(admin: &Path) -> std::io::Result<String> {
    let ended = sum(&admin::get(admin, REQUESTS).await?.body, "envoy_istio_requests_total{");
    let mut text = admin::get(admin, PAGE).await?.body;
    for _ in 1..READINGS {
        if sum(&text, "envoy_istio_request_duration_milliseconds_count{") >= ended {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        text = admin::get(admin, PAGE).await?.body;
    }
    Ok(text)
}

/// The sum of all samples whose line begins so.
fn sum(text: &str, start: &str) -> u64 {
    let samples = text.lines().filter(|line| line.starts_with(start));
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}
