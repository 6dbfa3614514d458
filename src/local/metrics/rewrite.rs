//! From Envoy's statistics page to Istio's: names, labels, their order, and what is `unknown`, as
//! Istio's own filter (`istio_stats.cc`) gives them. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde_json::Value;

use crate::local::network::Workload;

/// The id of the one cluster there is.
const CLUSTER: &str = "Kubernetes";
const UNKNOWN: &str = "unknown";

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
    let mut series = 0;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("# TYPE envoy_istio_") {
            kinds.extend(kind.split_once(' '));
        } else if let Some(sample) = line.strip_prefix("envoy_istio_") {
            if series >= SERIES_MAX {
                continue;
            }
            let Some(Sample { name, mut tags, value }) = parse(sample) else { continue };
            let bound = tags.remove("le");
            let labels = labels(&tags, own, peer, name.starts_with("tcp_"));
            let family = family_of(name, &kinds);
            let kind = kinds.get(family).copied().unwrap_or("untyped");
            let family = families
                .entry(format!("istio_{family}"))
                .or_insert_with(|| Family { kind: kind.to_owned(), series: BTreeMap::new() });
            let part = Part::of(name, kind, bound);
            *family.series.entry(labels).or_default().entry(part).or_default() += value;
            series += 1;
        } else {
            others.push_str(line);
            others.push('\n');
        }
    }
    let mut page = String::new();
    for (name, family) in &families {
        family.write(name, &mut page);
    }
    page.push_str(&others);
    page
}

/// One metric with all its series, by their labels.
struct Family {
    kind: String,
    series: BTreeMap<String, BTreeMap<Part, f64>>,
}

/// Which line of a series: histograms have buckets, a sum and a count, in this order.
#[derive(Debug, Clone)]
enum Part {
    /// Up to this bound; the words are Envoy's own.
    Bucket(f64, String),
    Sum,
    Count,
    Value,
}

impl Eq for Part {}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let place = |part: &Self| match part {
            Self::Bucket(bound, _) => (0, *bound),
            Self::Sum => (1, 0.0),
            Self::Count => (2, 0.0),
            Self::Value => (3, 0.0),
        };
        let (one, two) = (place(self), place(other));
        one.0.cmp(&two.0).then(one.1.total_cmp(&two.1))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Part {
    fn of(name: &str, kind: &str, bound: Option<String>) -> Self {
        let number = bound.as_deref().and_then(|bound| bound.parse::<f64>().ok());
        match (kind, number.filter(|number| !number.is_nan()), bound) {
            ("histogram", Some(number), Some(bound)) => Self::Bucket(number, bound),
            ("histogram", ..) if name.ends_with("_sum") => Self::Sum,
            ("histogram", ..) if name.ends_with("_count") => Self::Count,
            _ => Self::Value,
        }
    }
}

impl Family {
    fn write(&self, name: &str, page: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "# TYPE {name} {}", self.kind);
        for (labels, parts) in &self.series {
            for (part, value) in parts {
                let _ = match part {
                    Part::Bucket(_, le) => {
                        writeln!(page, "{name}_bucket{{{labels},le=\"{le}\"}} {value}")
                    }
                    Part::Sum => writeln!(page, "{name}_sum{{{labels}}} {value}"),
                    Part::Count => writeln!(page, "{name}_count{{{labels}}} {value}"),
                    Part::Value => writeln!(page, "{name}{{{labels}}} {value}"),
                };
            }
        }
    }
}

/// The family a sample belongs to: for a histogram's lines, the name without its ending.
fn family_of<'a>(name: &'a str, kinds: &BTreeMap<&str, &str>) -> &'a str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .filter_map(|ending| name.strip_suffix(ending))
        .find(|family| kinds.get(family) == Some(&"histogram"))
        .unwrap_or(name)
}

/// A line of Prometheus text.
struct Sample<'a> {
    name: &'a str,
    tags: BTreeMap<&'a str, String>,
    value: f64,
}

fn parse(line: &str) -> Option<Sample<'_>> {
    let (name, mut rest) = line.split_once('{')?;
    let mut tags = BTreeMap::new();
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = unquote(after)?;
        tags.insert(key, value);
        rest = after.strip_prefix(',').unwrap_or(after);
        if rest.starts_with('}') {
            break;
        }
    }
    let value = rest.strip_prefix('}')?.trim().parse().ok()?;
    Some(Sample { name, tags, value })
}

/// A label's value up to its closing quote, unescaped, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// Istio's labels, in Istio's order.
fn labels(
    tags: &BTreeMap<&str, String>,
    own: &Workload,
    peer: &dyn Fn(Ipv4Addr) -> Option<Workload>,
    tcp: bool,
) -> String {
    let tag = |name: &str| tags.get(name).map_or("", String::as_str);
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
    let labels: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    labels.join(",")
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

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
