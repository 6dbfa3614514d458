//! From Envoy's statistics page to Istio's, as Istio's own filter (`istio_stats.cc`) gives it.
//! Pure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use exposition::{Family, Part, lines};

use super::istio_labels::labels;
use crate::network::Workload;

/// What the names of our loggers' metrics begin with on Envoy's page.
const OURS: &str = "envoy_istio_";

/// More series than this are left out. The demo's busiest sidecar has below 2,000 lines; Host
/// headers are labels, and a client that varies them must not make the page grow without end.
const SERIES_MAX: usize = 100_000;

/// Envoy's page (Prometheus text) in Istio's terms. `own` is the workload the sidecar belongs to,
/// `peer` finds a workload by its pod's address. Series that become equal are added up: several
/// pods are one workload, several clusters one service.
#[must_use]
pub fn rewrite(text: &str, own: &Workload, peer: &dyn Fn(Ipv4Addr) -> Option<Workload>) -> String {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut others = String::new();
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE envoy_istio_") {
            kinds.extend(kind.split_once(' '));
        } else if !line.starts_with("envoy_istio_") {
            others.push_str(line);
            others.push('\n');
        }
    }
    let ours = lines(text).filter_map(Result::ok);
    let ours = ours.filter(|line| line.name().is_some_and(|name| name.starts_with(OURS)));
    for sample in ours.filter_map(|line| line.sample().ok()).take(SERIES_MAX) {
        let (name, mut tags) = (&sample.name[OURS.len()..], sample.labels);
        let bound = tags.take("le");
        let labels = labels(&tags, own, peer, name.starts_with("tcp_"));
        let family = family_of(name, &kinds);
        let kind = kinds.get(family).copied().unwrap_or("untyped");
        let family = families
            .entry(format!("istio_{family}"))
            .or_insert_with(|| Family { kind: kind.to_owned(), ..Family::default() });
        let part = Part::of(name, kind, bound);
        *family.series.entry(labels).or_default().entry(part).or_default() += sample.value;
    }
    let mut page = String::new();
    for (name, family) in &families {
        family.write(name, &mut page);
    }
    page.push_str(&others);
    page
}

/// The family a sample belongs to: for a histogram's lines, the name without its ending.
fn family_of<'a>(name: &'a str, kinds: &BTreeMap<&str, &str>) -> &'a str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .filter_map(|ending| name.strip_suffix(ending))
        .find(|family| kinds.get(family) == Some(&"histogram"))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
