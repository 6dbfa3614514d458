//! What the control planes count, which anybody may read: the last resort of the barrier.

use super::look::DEBUG_PORT;
use crate::cluster::handle::Cluster;

/// Sums over all control planes (Istio, pilot/pkg/xds/monitoring.go).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// Configurations sent, endpoints apart.
    pub(super) pushes: u64,
    /// Configurations refused.
    pub(super) refused: u64,
}

impl Cluster {
    /// The counters now; nothing where they cannot be read.
    pub(super) async fn counters(&self, namespaces: &[String]) -> Option<Counters> {
        let planes = self.control_planes(namespaces).await.ok()?;
        let mut all = Counters::default();
        for plane in &planes {
            let page = self.pod_get(plane, DEBUG_PORT, "/metrics").await.ok()?;
            let Counters { pushes, refused } = read(&page);
            all.pushes += pushes;
            all.refused += refused;
        }
        (!planes.is_empty()).then_some(all)
    }
}

fn read(page: &str) -> Counters {
    let mut counters = Counters::default();
    for line in page.lines() {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter")]
        let value = value.parse::<f64>().unwrap_or_default().max(0.0) as u64;
        if name.starts_with("pilot_xds_pushes{") && !name.contains("\"eds\"") {
            counters.pushes += value;
        } else if name.starts_with("pilot_total_xds_rejects") {
            counters.refused += value;
        }
    }
    counters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_and_refusals_are_added_up() {
        let page = "# TYPE pilot_xds_pushes counter\npilot_xds_pushes{type=\"cds\"} 12\n\
                    pilot_xds_pushes{type=\"rds\"} 3e1\npilot_xds_pushes{type=\"eds\"} 900\n\
                    pilot_total_xds_rejects{type=\"rds\"} 2\nnonsense\nx -1\n";
        assert_eq!(read(page), Counters { pushes: 42, refused: 2 });
    }
}
