//! What can be known of a Prometheus before a run: whether it answers, how often it scrapes, and of
//! which pods it has what their Envoys told.

use std::collections::BTreeSet;
use std::time::Duration;

use super::prometheus::Prometheus;
use super::trouble::Trouble;
use crate::cluster::Cluster;
use crate::telemetry::prometheus::{Query, Ranges, Samples, pods};

/// Whoever looks first wants to know soon: bad input is to be refused within ten seconds, and the
/// Service may have to be found before.
const PATIENCE: Duration = Duration::from_secs(4);

/// What was seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// Where it is.
    pub name: String,
    /// How often it scrapes, in seconds, if it has for a while.
    pub interval: Option<f64>,
    /// How many pods it scrapes in the namespaces.
    pub pods: usize,
    /// Of which it has what their Envoys told, as `NAMESPACE/NAME`.
    pub sidecars: BTreeSet<String>,
}

// === impl Prometheus ===

impl Prometheus {
    /// Looks at it, and learns how often it scrapes.
    pub async fn look(
        &self,
        cluster: &Cluster,
        control_plane: &str,
        namespaces: &[String],
    ) -> Result<Sight, Trouble> {
        self.find(cluster, control_plane, PATIENCE).await?;
        let query = Query::new(namespaces);
        let (scraped, envoys, [by_one, by_other]) =
            (query.scraped(), query.envoys(), query.scrapes());
        let ask = |query| self.ask(cluster, query, None, PATIENCE);
        let (scraped, envoys, by_one, by_other) =
            futures::try_join!(ask(&scraped), ask(&envoys), ask(&by_one), ask(&by_other))?;
        let mut ranges = Ranges::parse(&by_one)?;
        ranges.0.extend(Ranges::parse(&by_other)?.0);
        let interval = ranges.interval();
        if let Some(interval) = interval {
            // Another lane may have learnt the same.
            let _ = self.interval.set(interval);
        }
        let sidecars = pods(&Samples::parse(&envoys)?);
        Ok(Sight {
            name: self.name(),
            interval,
            pods: pods(&Samples::parse(&scraped)?).len(),
            sidecars: sidecars.iter().map(ToString::to_string).collect(),
        })
    }
}
