//! What a proxy made of the files it was given, read from its statistics: the version text of each
//! subscription is the version of the last accepted file, and a counter tells refused ones. Pure.

use std::collections::BTreeMap;

/// Asks for all of it: in the demo some fifty short lines.
pub(super) const QUERY: &str = "/stats?filter=%5C.(version_text|update_rejected|update_failure)$\
                                |total_listeners_warming|warming_clusters|workers_started";

/// A subscription: `cds`, `lds`, `rds/<route configuration>` or `eds/<cluster>`.
pub(super) type Key = String;

/// A reading of one proxy's statistics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The version that is in effect.
    pub(super) versions: BTreeMap<Key, String>,
    /// How many files were refused since the proxy started.
    pub(super) refused: BTreeMap<Key, u64>,
    /// Whether clusters or listeners are accepted but not yet in use.
    pub(super) warming: bool,
}

/// What became of one version of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    Rejected,
    NotYet,
}

// === impl Answer ===

impl Answer {
    pub(super) fn parse(stats: &str) -> Self {
        let mut answer = Self::default();
        for line in stats.lines() {
            let Some((name, value)) = line.rsplit_once(": ") else { continue };
            let Some((owner, stat)) = name.rsplit_once('.') else { continue };
            match (stat, subscription(owner)) {
                ("version_text", Some(key)) => {
                    answer.versions.insert(key, value.trim_matches('"').to_owned());
                }
                ("update_rejected" | "update_failure", Some(key)) => {
                    *answer.refused.entry(key).or_default() += value.parse().unwrap_or(0);
                }
                ("total_listeners_warming" | "warming_clusters", _) => {
                    answer.warming |= value != "0";
                }
                ("workers_started", _) => answer.warming |= value != "1",
                _ => {}
            }
        }
        answer
    }

    /// What became of a version, when `before` files of that subscription had been refused at the
    /// end of the delivery before this one.
    pub(super) fn outcome(&self, key: &str, version: &str, before: u64) -> Outcome {
        if self.versions.get(key).is_some_and(|now| now == version) {
            Outcome::Accepted
        } else if self.refused.get(key).is_some_and(|refused| *refused > before) {
            Outcome::Rejected
        } else {
            Outcome::NotYet
        }
    }
}

/// The subscription whose statistics have this prefix. Names hold dots; Istio ends them with `;`.
fn subscription(owner: &str) -> Option<Key> {
    match owner {
        "cluster_manager.cds" => Some("cds".to_owned()),
        "listener_manager.lds" => Some("lds".to_owned()),
        _ => {
            if let Some((_, route)) =
                owner.strip_prefix("http.").and_then(|o| o.rsplit_once(".rds."))
            {
                return Some(format!("rds/{route}"));
            }
            let cluster = owner.strip_prefix("cluster.")?;
            Some(format!("eds/{}", cluster.strip_suffix(';').unwrap_or(cluster)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Lines of a real Envoy 1.40.
    const STATS: &str = r#"cluster.outbound|3306||mysqldb.travel-agency.svc.cluster.local;.version_text: "ab"
cluster_manager.cds.version_text: "2"
http.outbound_0.0.0.0_8000;.rds.8000.version_text: "1"
listener_manager.lds.version_text: ""
cluster.outbound|3306||mysqldb.travel-agency.svc.cluster.local;.update_failure: 1
cluster.outbound|3306||mysqldb.travel-agency.svc.cluster.local;.update_rejected: 2
http.outbound_0.0.0.0_8000;.rds.8000.update_rejected: 0
listener_manager.lds.update_rejected: 1
listener_manager.total_listeners_warming: 0
listener_manager.workers_started: 1
cluster_manager.warming_clusters: 0
"#;

    #[test]
    fn versions_and_refusals_are_found() {
        let answer = Answer::parse(STATS);
        let mysql = "eds/outbound|3306||mysqldb.travel-agency.svc.cluster.local";
        assert_eq!(answer.versions[mysql], "ab");
        assert_eq!(answer.refused[mysql], 3);
        assert_eq!(answer.versions["rds/8000"], "1");
        assert!(!answer.warming);
        assert_eq!(answer.outcome("cds", "2", 0), Outcome::Accepted);
        assert_eq!(answer.outcome("cds", "3", 0), Outcome::NotYet);
        assert_eq!(answer.outcome("lds", "3", 0), Outcome::Rejected);
        assert_eq!(answer.outcome("lds", "3", 1), Outcome::NotYet);
        assert_eq!(answer.outcome(mysql, "ab", 0), Outcome::Accepted);
        assert_eq!(answer.outcome("rds/9000", "1", 0), Outcome::NotYet);
    }

    #[test]
    fn anything_warming_is_not_done() {
        let warming = STATS.replace("listeners_warming: 0", "listeners_warming: 1");
        assert!(Answer::parse(&warming).warming);
        assert!(Answer::parse("listener_manager.workers_started: 0\n").warming);
        assert_eq!(Answer::parse("nonsense\n: \nx: y: z\n"), Answer::default());
    }
}
