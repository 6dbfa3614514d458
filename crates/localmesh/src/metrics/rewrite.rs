//! From Envoy's statistics page to Istio's: names, labels, their order, and what is `unknown`, as
//! Istio's own filter (`istio_stats.cc`) gives them. Pure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use exposition::{Family, Labels, Part, lines};
use serde_json::Value;

use crate::network::Workload;

/// The id of the one cluster there is.
const CLUSTER: &str = "Kubernetes";
const UNKNOWN: &str = "unknown";

/// What the names of our loggers' metrics begin with on Envoy's page.
const OURS: &str = "envoy_istio_";

/// More series than this are left out. The demo's busiest sidecar has below 2,000 lines; Host
/// headers are labels, and a client that varies them must not make the page grow without end.
const SERIES_MAX: usize = 100_000;

/// Clusters that are not services; Istio gives their name as the service's.
const NOT_SERVICES: [&str; 3] =
    ["BlackHoleCluster", "PassthroughCluster", "InboundPassthroughCluster"];

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

/// Istio's labels, in Istio's order.
fn labels(
    tags: &Labels,
    own: &Workload,
    peer: &dyn Fn(Ipv4Addr) -> Option<Workload>,
    tcp: bool,
) -> String {
    let tag = |name: &str| tags.get(name);
    let found = |name: &str| {
        let address = tag(name);
        // `%UPSTREAM_HOST%` has a port.
        let ip = address.rsplit_once(':').map_or(address, |(ip, _)| ip);
        peer(ip.parse().ok()?)
    };
    let inbound = tag("reporter") == "destination";
    let (source, destination) = if inbound {
        (found("source"), Some(own.clone()))
    } else {
        (Some(own.clone()), found("destination"))
    };
    let (service, service_name) = service(tag("services"), tag("cluster"), tag("authority"));
    let source = Names::of(source.as_ref());
    let destination = Names::of(destination.as_ref());
    let protocol = match (tcp, tag("grpc_status")) {
        (true, _) => "tcp",
        (false, "") => "http",
        (false, _) => "grpc",
    };
    let mut labels = vec![
        ("reporter", tag("reporter")),
        ("source_workload", source.workload),
        ("source_canonical_service", source.canonical_service),
        ("source_canonical_revision", source.canonical_revision),
        ("source_workload_namespace", source.namespace),
        ("source_principal", UNKNOWN),
        ("source_app", source.app),
        ("source_version", source.version),
        ("source_cluster", source.cluster),
        ("destination_workload", destination.workload),
        ("destination_workload_namespace", destination.namespace),
        ("destination_principal", UNKNOWN),
        ("destination_app", destination.app),
        ("destination_version", destination.version),
        ("destination_service", &service),
        ("destination_canonical_service", destination.canonical_service),
        ("destination_canonical_revision", destination.canonical_revision),
        ("destination_service_name", &service_name),
        ("destination_service_namespace", destination.namespace),
        ("destination_cluster", destination.cluster),
        ("request_protocol", protocol),
    ];
    if !tcp {
        labels.push(("response_code", tag("response_code")));
        labels.push(("grpc_response_status", tag("grpc_status")));
    }
    labels.push(("response_flags", tag("response_flags")));
    // Without mutual TLS the destination knows that there is none, and the source never says.
    labels.push(("connection_security_policy", if inbound { "none" } else { UNKNOWN }));
    Family::labels(labels)
}

/// What the labels call one side.
struct Names<'a> {
    workload: &'a str,
    namespace: &'a str,
    app: &'a str,
    version: &'a str,
    canonical_service: &'a str,
    canonical_revision: &'a str,
    cluster: &'a str,
}

impl<'a> Names<'a> {
    fn of(workload: Option<&'a Workload>) -> Self {
        match workload {
            Some(workload) => Self {
                workload: &workload.name,
                namespace: &workload.namespace,
                app: &workload.app,
                version: &workload.version,
                canonical_service: &workload.canonical_name,
                canonical_revision: &workload.canonical_revision,
                cluster: CLUSTER,
            },
            None => Self {
                workload: UNKNOWN,
                namespace: UNKNOWN,
                app: UNKNOWN,
                version: UNKNOWN,
                canonical_service: UNKNOWN,
                canonical_revision: "latest",
                cluster: UNKNOWN,
            },
        }
    }
}

/// `destination_service` and `destination_service_name`: from the cluster's metadata, else from the
/// Host header (there is none in the tags of an inbound listener), else unknown.
fn service(services: &str, cluster: &str, authority: &str) -> (String, String) {
    let or_unknown = |text: &str| if text.is_empty() { UNKNOWN } else { text }.to_owned();
    let host = or_unknown(authority);
    if NOT_SERVICES.contains(&cluster) {
        return (host, cluster.to_owned());
    }
    let services: Value = serde_json::from_str(services).unwrap_or_default();
    match (services[0]["host"].as_str(), services[0]["name"].as_str()) {
        (Some(host), Some(name)) => (host.to_owned(), name.to_owned()),
        _ => (host.clone(), host),
    }
}

#[cfg(test)]
mod tests;
