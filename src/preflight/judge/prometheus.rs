//! Whether Prometheus, where it is to be read, has what the proxies tell. Pure.

use crate::application::Application;
use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

const WHAT: &str = "Prometheus";

/// Pods that are named in a row; there may be hundreds.
const NAMED: usize = 5;

pub(super) fn tells(application: &Application, facts: &Facts) -> Vec<Finding> {
    let sight = match &facts.prometheus {
        None => return Vec::new(),
        Some(Ok(sight)) => sight,
        Some(Err(trouble)) => {
            return vec![Finding::missing(WHAT, trouble.to_string()).hint(trouble.hint())];
        }
    };
    let name = &sight.name;
    if sight.sidecars.is_empty() {
        let seen = format!(
            "{name} scrapes {} pods in {} and has no series of Istio's from them",
            sight.pods,
            application.namespaces.join(", "),
        );
        return vec![Finding::missing(WHAT, seen).hint(
            "it has to scrape /stats/prometheus of each sidecar, on port 15020 or 15090, with the \
             labels `namespace` and `pod`; a proxy that has seen no traffic may have no series",
        )];
    }
    let interval = match sight.interval {
        Some(interval) => format!("scraped every {interval:.0} s"),
        None => "scraped for the first time".to_owned(),
    };
    let sidecars =
        facts.namespaces.iter().filter(|(name, _)| application.namespaces.contains(name));
    let sidecars = sidecars.flat_map(|(namespace, seen)| {
        let pods = seen.pods.iter().flatten().filter(|pod| pod.sidecar);
        pods.map(move |pod| format!("{namespace}/{}", pod.name))
    });
    let mut lacking: Vec<String> = sidecars.filter(|pod| !sight.sidecars.contains(pod)).collect();
    let seen = format!("{name}: {} pods with sidecars, {interval}", sight.sidecars.len());
    if lacking.is_empty() {
        return vec![Finding::ok(WHAT, seen)];
    }
    let more = lacking.len().saturating_sub(NAMED);
    lacking.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let seen = format!("{seen}; nothing of {}{more}", lacking.join(", "));
    vec![Finding::warning(WHAT, seen).hint("claims that need these pods stay undecided")]
}
