//! One pod's page: what our loggers counted, in Istio's terms, and Envoy's own statistics.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::queue::{self, Threads};
use super::readings::{COUNTERS, DELAYS, histograms};
use super::rewrite::rewrite;
use crate::envoy::admin::{Admin, Answer};
use crate::network::{Network, PodNet};

/// One pod's metrics.
pub(super) struct Metrics {
    admin: Admin,
    pod: PodNet,
    network: Network,
    threads: Threads,
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

// === impl Metrics ===

impl Metrics {
    /// The metrics of this pod, whose Envoy has this admin socket and whose containers these
    /// threads.
    pub(super) fn new(admin: PathBuf, pod: PodNet, network: Network, threads: Threads) -> Self {
        Self { admin: Admin::new(admin), pod, network, threads, last: Mutex::default() }
    }

    /// The page: what our loggers counted, in Istio's terms, and Envoy's own statistics.
    pub(super) async fn page(&self) -> io::Result<String> {
        let (counters, mut others) = parted(&self.admin.get(COUNTERS).await?.body);
        let last = self.last().take().filter(|last| last.counters == counters);
        let (counted, complete) = match last {
            Some(last) => {
                others += &self.admin.get(DELAYS).await?.body;
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
        others += &queue::lines(self.admin.process(), &self.threads);
        let page = counted.page.clone() + &others;
        if complete {
            *self.last() = Some(counted);
        }
        Ok(page)
    }

    /// What Envoy says of itself.
    pub(super) async fn ready(&self) -> io::Result<Answer> {
        self.admin.get("/ready").await
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
