//! A snapshot from a Prometheus, as of a moment: it is waited until every pod was scraped after
//! it, by Prometheus' own clock. All samples of a scrape have the scrape's beginning as their time,
//! so nothing that had been counted at the moment is missing then, and between two pieces of load
//! nothing of ours is counted later.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::prometheus::Prometheus;
use super::trouble::Trouble;
use crate::cluster::{Cluster, Pod};
use crate::error::Result;
use crate::telemetry::prometheus::{Query, Samples, Scraped, Targets, pages, scalar};
use crate::telemetry::{PodName, Snapshot};

/// How long a pod may stay unscraped; where scrapes are rarer, for two of them.
const PATIENCE: Duration = Duration::from_secs(90);
/// Nobody who scrapes more rarely than half of this is of use here.
const PATIENCE_MAX: Duration = Duration::from_mins(10);

/// No answer takes longer.
const ANSWER: Duration = Duration::from_secs(20);

/// Prometheus moves a scrape's time by up to 2 ms, so that its samples compress well
/// (`scrape.timestamp-tolerance`): what seems to have begun this soon may have begun before.
const ROUNDING: f64 = 0.01;

/// Between two looks: short against the interval of scrapes, and no burden.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// How often it is looked which pods there are while they are waited for.
const PODS: Duration = Duration::from_secs(5);

/// Of which moment a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Of now: what has been counted by now is in it.
    Now,
    /// Whatever was scraped last.
    Newest,
}

/// What is known at a look.
struct Known {
    targets: Targets,
    pages: BTreeMap<PodName, Scraped>,
}

/// A reading under way.
struct Reading<'a> {
    of: &'a Prometheus,
    cluster: &'a Cluster,
    query: Query,
    when: When,
    /// The moment it is of, by Prometheus' clock, once that was asked.
    moment: Option<f64>,
}

// === impl Prometheus ===

impl Prometheus {
    /// Reads what the sidecars had counted. What could not be had in time is missing, by the pod's
    /// name; an error is only that nobody knows which pods there are.
    pub(crate) async fn snapshot(
        &self,
        cluster: &Cluster,
        namespaces: &[String],
        when: When,
        sidecars: impl AsyncFn() -> Result<Vec<Pod>>,
    ) -> Result<Snapshot> {
        let patience = match when {
            When::Now => self.patience(),
            When::Newest => Duration::ZERO,
        };
        let query = Query::new(namespaces);
        let mut reading = Reading { of: self, cluster, query, when, moment: None };
        let mut pods = sidecars().await?;
        let started = Instant::now();
        let mut listed = started;
        loop {
            let last = started.elapsed() >= patience;
            match reading.look(&pods, last).await {
                Ok(Some(known)) => return Ok(self.taken(&pods, Ok(known), reading.moment)),
                Err(trouble) if last => return Ok(self.taken(&pods, Err(trouble), None)),
                Ok(None) | Err(_) => tokio::time::sleep(self.pause()).await,
            }
            // One that ended meanwhile is never scraped again.
            if listed.elapsed() > PODS {
                pods = sidecars().await?;
                listed = Instant::now();
            }
        }
    }

    fn interval(&self) -> Duration {
        let known = self.interval.get().and_then(|s| Duration::try_from_secs_f64(*s).ok());
        known.unwrap_or_default()
    }

    fn patience(&self) -> Duration {
        self.interval().saturating_mul(2).clamp(PATIENCE, PATIENCE_MAX)
    }

    fn pause(&self) -> Duration {
        (self.interval() / 10).clamp(PAUSE.0, PAUSE.1)
    }

    /// Whether a pod that was scraped last at this time is not waited for again.
    fn gave_up(&self, pod: &PodName, scraped: Option<f64>) -> bool {
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.get(pod).is_some_and(|last| *last == scraped)
    }

    /// Makes a snapshot of what is known.
    fn taken(&self, pods: &[Pod], known: Result<Known, Trouble>, moment: Option<f64>) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let (targets, mut pages) = match known {
            Ok(Known { targets, pages }) => (targets, pages),
            Err(trouble) => {
                for pod in pods {
                    snapshot.absent(name(pod), &pod.incarnation, format!("Prometheus: {trouble}"));
                }
                return snapshot;
            }
        };
        for pod in pods {
            let name = name(pod);
            let scraped = pages.remove(&name);
            let lacking = lacking(scraped.as_ref(), moment);
            if moment.is_some() {
                let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
                match lacking {
                    Some(_) => given_up.insert(name.clone(), targets.newest(&name)),
                    None => given_up.remove(&name),
                };
            }
            match (scraped, lacking) {
                (Some(Scraped { page, at }), None) => {
                    if let Some((at, moment)) = at.zip(moment) {
                        self.was_late(at - moment);
                    }
                    snapshot.insert(name, &pod.incarnation, page);
                }
                (_, why) => {
                    snapshot.absent(name, &pod.incarnation, why.unwrap_or_default());
                }
            }
        }
        snapshot
    }
}

fn name(pod: &Pod) -> PodName {
    PodName::new(&pod.namespace, &pod.name)
}

/// Why what was scraped of a pod is not what is needed, if it is not.
fn lacking(scraped: Option<&Scraped>, moment: Option<f64>) -> Option<String> {
    let Some(Scraped { at: Some(at), .. }) = scraped else {
        return Some("Prometheus has nothing of its proxy's".to_owned());
    };
    let early = moment? + ROUNDING - at;
    (early >= 0.0).then(|| {
        format!("Prometheus scraped it last {early:.1} s before the moment that was asked for")
    })
}

// === impl Reading ===

impl Reading<'_> {
    /// One look: all that is known, once it is enough, or for the last time.
    async fn look(&mut self, pods: &[Pod], last: bool) -> Result<Option<Known>, Trouble> {
        if self.when == When::Now && self.moment.is_none() {
            self.moment = Some(scalar(&self.ask("time()", None).await?)?);
        }
        let samples = Samples::parse(&self.ask(&self.query.scraped(), None).await?)?;
        let at = samples.at;
        let targets = Targets::of(samples);
        let enough = |fresh: &dyn Fn(&PodName) -> Option<f64>| {
            let Some(moment) = self.moment.filter(|_| !last) else { return true };
            let good = |pod: &PodName| fresh(pod).is_some_and(|at| at > moment + ROUNDING);
            let names = pods.iter().map(name);
            names.filter(|pod| !self.of.gave_up(pod, targets.newest(pod))).all(|pod| good(&pod))
        };
        if !enough(&|pod| targets.newest(pod)) {
            return Ok(None);
        }
        let samples = Samples::parse(&self.ask(&self.query.values(), at).await?)?;
        let pages = pages(&targets, samples);
        // Of a pod with several ports, the one that tells of Envoy may have been scraped before.
        if !enough(&|pod| pages.get(pod)?.at) {
            return Ok(None);
        }
        Ok(Some(Known { targets, pages }))
    }

    async fn ask(&self, query: &str, at: Option<f64>) -> Result<Vec<u8>, Trouble> {
        self.of.ask(self.cluster, query, at, ANSWER).await
    }
}
