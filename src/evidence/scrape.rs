//! Reads what the application's sidecars have counted. A pod that cannot be read is a missing part
//! of the reading, by name, and no error: most claims do not need it.

use std::time::{Duration, Instant};

use futures::stream;
use futures::stream::StreamExt as _;

use crate::cluster::{Cluster, Pod};
use crate::error::Result;
use crate::evidence::setup::Place;
use crate::telemetry::page::Page;
use crate::telemetry::{PodName, Snapshot, page};

/// Sidecars read at the same time: the API server is somebody's production too.
const AT_ONCE: usize = 8;

/// Where sidecars tell what they counted: pilot-agent's merged page.
const PORT: u16 = 15020;
const PATH: &str = "/stats/prometheus";

/// How often a pod is asked that does not answer, or whose page lacks Envoy's part: pilot-agent
/// answers 200 with its own metrics alone when its scrape of Envoy fails.
const TRIES: u32 = 3;

/// Between two tries, and between two readings that wait for durations.
const PAUSE: Duration = Duration::from_millis(300);

/// Proxies merge their histograms every 5 s by default (`stats_flush_interval`); a busy one needs a
/// little longer.
const FLUSH: Duration = Duration::from_secs(7);

/// Reads every sidecar of the application once.
pub(crate) async fn scrape(place: Place<'_>) -> Result<Snapshot> {
    let mut pods = Vec::new();
    for namespace in &place.application.namespaces {
        pods.extend(place.cluster.pods(namespace, "").await?);
    }
    let cluster = place.cluster;
    let pages: Vec<_> = stream::iter(pods.into_iter().filter(|pod| pod.sidecar))
        .map(|pod| async move {
            let page = read(cluster, &pod).await;
            (pod, page)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut snapshot = Snapshot::default();
    for (pod, page) in pages {
        let name = PodName::new(&pod.namespace, &pod.name);
        match page {
            Ok(page) => snapshot.insert(name, &pod.incarnation, page),
            Err(why) => snapshot.absent(name, &pod.incarnation, why),
        }
    }
    Ok(snapshot)
}

/// Reads every sidecar; with `timed`, until all requests that had been counted at first are timed
/// too: durations come later than counts, and those of what was before would be taken for those of
/// what comes.
pub(crate) async fn settled(place: Place<'_>, timed: bool) -> Result<Snapshot> {
    let started = Instant::now();
    let counted = scrape(place).await?;
    if !timed || counted.untimed(&counted) == 0 {
        return Ok(counted);
    }
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = scrape(place).await?;
        if now.untimed(&counted) == 0 || started.elapsed() > FLUSH {
            return Ok(now);
        }
    }
}

async fn read(cluster: &Cluster, pod: &Pod) -> std::result::Result<Page, String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let page = match cluster.pod_get(pod, PORT, PATH).await {
            Ok(text) => page::parse(&text).map_err(|cause| cause.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match page {
            // A page without Envoy's part says so itself when it is taken in.
            Ok(page) if !page.lacks_envoy() || tries == TRIES => return Ok(page),
            Err(why) if tries == TRIES => return Err(why),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
