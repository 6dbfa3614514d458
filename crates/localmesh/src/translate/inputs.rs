//! What the translation starts from: the mesh as the control plane knows it (istiod's push
//! context), and the proxy that is told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;

use crate::network::{PodPort, Protocol, Workload};

/// Everything the control plane knows when it translates.
#[derive(Debug, Clone, Default)]
pub struct PushContext {
    /// All services.
    pub services: Vec<Service>,
    /// All ready endpoints of all services.
    pub endpoints: Vec<Endpoint>,
    /// `VirtualService` objects as stored.
    pub virtual_services: Vec<Arc<Value>>,
    /// `DestinationRule` objects as stored.
    pub destination_rules: Vec<Arc<Value>>,
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

// === impl Service ===

impl Service {
    /// Its full name.
    #[must_use]
    pub fn fqdn(&self) -> String {
        istio::fqdn(&self.name, &self.namespace)
    }
}
