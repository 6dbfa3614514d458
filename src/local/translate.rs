//! From Istio's objects to Envoy's: what pilot would tell one proxy about the whole mesh. Pure and
//! golden-tested; names, order, defaults and ignored fields are pilot's.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::network::{PodPort, Protocol, Workload};

/// Everything the control plane knows when it translates.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// All services.
    pub services: Vec<Service>,
    /// All ready endpoints of all services.
    pub endpoints: Vec<Endpoint>,
    /// VirtualService objects as stored.
    pub virtual_services: Vec<std::sync::Arc<Value>>,
    /// DestinationRule objects as stored.
    pub destination_rules: Vec<std::sync::Arc<Value>>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Its (virtual) address.
    pub cluster_ip: Ipv4Addr,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Number.
    pub port: u16,
    /// What it speaks, by Istio's rules.
    pub protocol: Protocol,
}

/// One ready pod behind one port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The service's name.
    pub service: String,
    /// The service's namespace.
    pub namespace: String,
    /// The service's port.
    pub port: u16,
    /// Where the pod is reached.
    pub address: SocketAddr,
    /// The pod's labels, which subsets select on.
    pub labels: BTreeMap<String, String>,
    /// What telemetry calls it.
    pub workload: Workload,
}

/// The proxy that is told.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its pod's name.
    pub pod: String,
    /// Its pod's labels.
    pub labels: BTreeMap<String, String>,
    /// What telemetry calls its workload (with the namespace).
    pub workload: Workload,
    /// Its pod's address; connections to other pods leave from it.
    pub ip: Ipv4Addr,
    /// The application's ports behind it.
    pub ports: Vec<PodPort>,
}

/// What one proxy is told: Envoy v3 resources in their JSON form, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resources {
    /// Clusters (CDS).
    pub clusters: BTreeMap<String, Value>,
    /// Listeners (LDS).
    pub listeners: BTreeMap<String, Value>,
    /// Route configurations (RDS).
    pub routes: BTreeMap<String, Value>,
}

/// What one proxy is told.
#[must_use]
pub fn resources(_world: &World, _proxy: &Proxy) -> Resources {
    Resources::default()
}

/// The endpoints of every cluster, by the cluster's name.
#[must_use]
pub fn endpoints(_world: &World) -> BTreeMap<String, Value> {
    BTreeMap::new()
}

/// The name of the file with a cluster's endpoints.
#[must_use]
pub fn eds_file(cluster: &str) -> String {
    format!("{}.json", cluster.replace(['|', '/'], "_"))
}
