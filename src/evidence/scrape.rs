//! Reads what the application's sidecars have counted. A pod that cannot be read is a missing part
//! of the reading, by name, and no error: most claims do not need it.

use std::time::{Duration, Instant};

use futures::stream;
use futures::stream::StreamExt as _;

use crate::cluster::{Cluster, Pod};
use crate::error::Result;
use crate::evidence::prometheus::When;
use crate::evidence::setup::Place;
use crate::telemetry::page::Page;
use crate::telemetry::{PodName, Snapshot, page};

/// Sidecars read at the same time: the API server is somebody's production too.
const AT_ONCE: usize = 8;

/// Where sidecars tell what they counted: pilot-agent's merged page.
const PORT: u16 = 15020;
const PATH: &str = "/stats/prometheus";

/// Where Envoy tells the same by itself, without pilot-agent and the application.
const ENVOYS_PORT: u16 = 15090;

/// How often a pod is asked that does not answer, or whose page lacks Envoy's part: pilot-agent
/// answers 200 with its own metrics alone when its scrape of Envoy fails.
const TRIES: u32 = 3;

/// Between two tries, and between two readings that wait for durations.
const PAUSE: Duration = Duration::from_millis(300);

/// Proxies merge their histograms every 5 s by default (`stats_flush_interval`); a busy one needs a
/// little longer.
const FLUSH: Duration = Duration::from_secs(7);

/// Reads every sidecar of the application once: what they have counted by now.
pub(crate) async fn scrape(place: Place<'_>) -> Result<Snapshot> {
    read_all(place, When::Now).await
}

/// Reads what is there at once, be it a little old.
pub(crate) async fn glimpse(place: Place<'_>) -> Result<Snapshot> {
    read_all(place, When::Newest).await
}

async fn read_all(place: Place<'_>, when: When) -> Result<Snapshot> {
    if let Some(prometheus) = place.source.prometheus() {
        let namespaces = &place.application.namespaces;
        let sidecars = async || sidecars(place).await;
        return prometheus.snapshot(place.cluster, namespaces, when, sidecars).await;
    }
    let cluster = place.cluster;
    let pages: Vec<_> = stream::iter(sidecars(place).await?)
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
    let counted = scrape(place).await?;
    // A reading may have waited for long; what it counted is timed some time after it.
    let started = Instant::now();
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

/// A pod's merged page; where it lacks Envoy's part to the last, Envoy's own.
async fn read(cluster: &Cluster, pod: &Pod) -> std::result::Result<Page, String> {
    let mut tries = 0;
    let merged = loop {
        tries += 1;
        match page_of(cluster, pod, PORT).await {
            Ok(page) if !page.lacks_envoy() => return Ok(page),
            Ok(page) if tries == TRIES => break page,
            Err(why) if tries == TRIES => return Err(why),
            _ => tokio::time::sleep(PAUSE).await,
        }
    };
    match page_of(cluster, pod, ENVOYS_PORT).await {
        Ok(own) if !own.lacks_envoy() => Ok(own),
        // A page without Envoy's part says so itself when it is taken in.
        _ => Ok(merged),
    }
}

async fn sidecars(place: Place<'_>) -> Result<Vec<Pod>> {
    let mut pods = Vec::new();
    for namespace in &place.application.namespaces {
        pods.extend(place.cluster.pods(namespace, "").await?);
    }
    pods.retain(|pod| pod.sidecar);
    Ok(pods)
}

async fn page_of(cluster: &Cluster, pod: &Pod, port: u16) -> std::result::Result<Page, String> {
    let text = cluster.pod_get(pod, port, PATH).await.map_err(|error| error.to_string())?;
    page::parse(&text).map_err(|cause| cause.to_string())
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::client::Body;

    use super::*;

    /// A pod whose ports say this.
    fn says(merged: &'static str, own: &'static str) -> Cluster {
        let service = tower::service_fn(move |request: Request<Body>| async move {
            let text = match request.uri().path() {
                path if path.contains(":15020/") => merged,
                path if path.contains(":15090/") => own,
                path => panic!("{path}"),
            };
            Ok::<_, std::io::Error>(Response::new(Body::from(text.as_bytes().to_vec())))
        });
        Cluster::fake(kube::Client::new(service, "default"))
    }

    #[tokio::test(start_paused = true)]
    async fn envoy_is_asked_itself_where_its_part_is_lacking() {
        let pod = Pod::fake("shop", "cart-1");
        let agents = "istio_agent_process_start_time_seconds 5\n";
        let envoys = "istio_requests_total{reporter=\"source\"} 7\n";
        let found = async |merged, own| {
            let page = read(&says(merged, own), &pod).await.expect("a page");
            (page.lacks_envoy(), page.samples.len())
        };
        assert_eq!(found(envoys, "not asked").await, (false, 1));
        assert_eq!(found(agents, envoys).await, (false, 1));
        assert_eq!(found(agents, "").await, (true, 1), "what the agent said is kept");
        assert_eq!(found(agents, "cut off").await, (true, 1));
    }
}
