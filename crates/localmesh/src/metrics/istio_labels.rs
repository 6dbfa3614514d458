//! Istio's labels: names, values, their order, and what is `unknown`, as Istio's own filter
//! (`istio_stats.cc`) gives them. Pure.

use std::net::Ipv4Addr;

use exposition::{Family, Labels};
use serde_json::Value;

use crate::network::Workload;

/// The id of the one cluster there is.
const CLUSTER: &str = "Kubernetes";
const UNKNOWN: &str = "unknown";

/// Clusters that are not services; Istio gives their name as the service's.
const NOT_SERVICES: [&str; 3] =
    ["BlackHoleCluster", "PassthroughCluster", "InboundPassthroughCluster"];

/// Istio's labels, in Istio's order.
pub(super) fn labels(
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

// === impl Names ===

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
