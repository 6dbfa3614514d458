//! A Prometheus: the way to it, and what was learnt of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::in_cluster::{InCluster, Service};
use super::trouble::Trouble;
use super::web::{Trust, Web};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::telemetry::PodName;

/// The word for one in the cluster.
const CLUSTER: &str = "cluster";

/// A Prometheus that scrapes the mesh.
pub struct Prometheus {
    way: Way,
    /// How often it scrapes, in seconds, once that is known.
    pub(super) interval: OnceLock<f64>,
    /// Pods that were waited for in vain, with when they were scraped last: until that changes they
    /// are not waited for again.
    pub(super) given_up: Mutex<BTreeMap<PodName, Option<f64>>>,
    /// By how much a scrape was later than asked at most, in seconds.
    late: Mutex<f64>,
}

enum Way {
    Web(Web),
    Cluster(InCluster),
}

// === impl Prometheus ===

impl Prometheus {
    /// One at an address, or `cluster`, or `cluster:NAMESPACE/SERVICE:PORT`.
    pub fn new(said: &str, trust: Trust) -> Result<Self> {
        let rest =
            said.strip_prefix(CLUSTER).filter(|rest| rest.is_empty() || rest.starts_with(':'));
        let way = match rest {
            Some(rest) if trust.is_empty() => Way::Cluster(InCluster::new(rest)?),
            Some(_) => {
                let cause = "through the API server it is asked with the kubeconfig's credentials";
                return Err(Error::feature("reading --prometheus", cause)
                    .hint("headers and certificates are for a Prometheus with an address"));
            }
            None => Way::Web(Web::new(said, trust)?),
        };
        let (interval, given_up, late) = (OnceLock::new(), Mutex::default(), Mutex::default());
        Ok(Self { way, interval, given_up, late })
    }

    /// Where it is, as reports say it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.way {
            Way::Web(web) => web.name().to_owned(),
            Way::Cluster(way) => match way.service() {
                Some(Service { namespace, name, port }) => format!("{namespace}/{name}:{port}"),
                None => "the cluster's own".to_owned(),
            },
        }
    }

    /// Whether it is reached through the API server; then in which namespace it is, if that was
    /// said.
    #[must_use]
    pub fn in_cluster(&self) -> Option<Option<&str>> {
        match &self.way {
            Way::Web(_) => None,
            Way::Cluster(way) => Some(way.service().map(|service| service.namespace.as_str())),
        }
    }

    /// By how many seconds a scrape was later than asked, at most so far.
    #[must_use]
    pub fn lateness(&self) -> f64 {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn was_late(&self, seconds: f64) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        *late = late.max(seconds);
    }

    /// Finds it, if it is in the cluster.
    pub(super) async fn find(
        &self,
        cluster: &Cluster,
        control_plane: &str,
        patience: Duration,
    ) -> Result<(), Trouble> {
        match &self.way {
            Way::Web(_) => Ok(()),
            Way::Cluster(way) => tokio::time::timeout(patience, way.find(cluster, control_plane))
                .await
                .unwrap_or(Err(Trouble::Silent(patience.as_secs()))),
        }
    }

    /// What a query comes to, as of a moment of its clock; now if none is said.
    pub(super) async fn ask(
        &self,
        cluster: &Cluster,
        query: &str,
        at: Option<f64>,
        patience: Duration,
    ) -> Result<Vec<u8>, Trouble> {
        let time = at.map(|at| format!("{at:.3}"));
        let mut form = vec![("query", query)];
        form.extend(time.as_deref().map(|time| ("time", time)));
        match &self.way {
            Way::Web(web) => web.ask(&form, patience).await,
            Way::Cluster(way) => way.ask(cluster, &form, patience).await,
        }
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prometheus({})", self.name())
    }
}
