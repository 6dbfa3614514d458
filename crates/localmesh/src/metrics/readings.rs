//! What is read from an Envoy's statistics, and how often, until it belongs together.

use std::io;
use std::time::Duration;

use crate::envoy::admin::Admin;

/// Envoy's own statistics that Istio's default inclusion keeps, and our loggers' counters.
pub(super) const COUNTERS: &str = "/stats/prometheus?filter=^(istio%5C.(requests_total|tcp_)|\
    cluster_manager%5C.|listener_manager%5C.(lds%5C.|[^.]*$)|server%5C.[^.]*$)";
/// Our loggers' histograms, which are nearly all of a page; and how late Envoy's threads ran.
const HISTOGRAMS: &str =
    "/stats/prometheus?filter=(^istio%5C.re(quest|sponse)_|%5C.dispatcher%5C.)";
/// The latter alone.
pub(super) const DELAYS: &str = "/stats/prometheus?filter=%5C.dispatcher%5C.";

/// How often the page is read until its histograms have caught up with its counters. Merging them
/// takes one turn of each worker; the second reading had them in all of some hundred tries.
const READINGS: u32 = 20;
/// Between two readings.
const PAUSE: Duration = Duration::from_millis(2);

/// Our loggers' histograms, as new as their counters, and whether they are that.
///
/// With `stats_flush_on_admin` each reading starts a merge of the workers' histograms and does not
/// wait for it, so that a reading has the histograms of the one before, while counters are always
/// live. So they are read until they hold at least as many requests as the counters: all that had
/// ended when the page was asked for.
pub(super) async fn histograms(admin: &Admin, counters: &str) -> io::Result<(String, bool)> {
    let ended = sum(counters, "envoy_istio_requests_total");
    let mut text = String::new();
    for _ in 0..READINGS {
        text = admin.get(HISTOGRAMS).await?.body;
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
