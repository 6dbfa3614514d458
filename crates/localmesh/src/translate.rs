//! From Istio's objects to Envoy's: what pilot would tell one proxy about the whole mesh. Pure and
//! golden-tested; names, order, defaults and ignored fields are pilot's.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::network::{PodPort, Protocol, Workload};

mod clusters;
mod config;
mod endpoints;
mod listeners;
mod matching;
mod names;
mod route;
mod routes;
mod unsupported;

use config::Config;

pub use unsupported::unsupported;

/// Everything the control plane knows when it translates.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// All services.
    pub services: Vec<Service>,
    /// All ready endpoints of all services.
    pub endpoints: Vec<Endpoint>,
    /// `VirtualService` objects as stored.
    pub virtual_services: Vec<std::sync::Arc<Value>>,
    /// `DestinationRule` objects as stored.
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

// === impl Service ===

impl Service {
    /// Its full name.
    #[must_use]
    pub fn fqdn(&self) -> String {
        istio::fqdn(&self.name, &self.namespace)
    }
}

/// What `proxy` is told about the world. Every value carries its `@type`, so that an answer to
/// Envoy is only a list of them.
///
/// Where a real mesh would let unknown hosts pass through, this one answers 502, as Istio does with
/// `outboundTrafficPolicy: REGISTRY_ONLY`: without captured connections there is no original
/// destination to pass on to.
#[must_use]
pub fn resources(world: &World, proxy: &Proxy) -> Resources {
    let config = Config::new(world);
    let view = View { world, proxy, config: &config };
    Resources {
        clusters: clusters::clusters(&view),
        listeners: listeners::listeners(&view),
        routes: routes::routes(&view),
    }
}

/// The endpoints of every cluster that any proxy may be told of (EDS), by service name; a cluster
/// without endpoints is there too, because Envoy waits for its endpoints, even none.
#[must_use]
pub fn endpoints(world: &World) -> BTreeMap<String, Value> {
    endpoints::endpoints(world, &Config::new(world))
}

/// Name of the static cluster that is the control plane.
pub const XDS_CLUSTER: &str = "xds";

/// How long Envoy waits for an answer, in seconds; twice as long as the control plane holds one.
pub const REQUEST_TIMEOUT: u32 = 600;

/// Where all resources come from: the control plane, asked again as soon as it has answered. The
/// delay is what a change waits for its acknowledgement, and the pause after a failure.
#[must_use]
pub fn config_source() -> Value {
    serde_json::json!({
        "resource_api_version": "V3",
        "api_config_source": {
            "api_type": "REST",
            "transport_api_version": "V3",
            "cluster_names": [XDS_CLUSTER],
            "refresh_delay": "0.002s",
            "request_timeout": format!("{REQUEST_TIMEOUT}s"),
        },
    })
}

/// What one translation looks at.
struct View<'a> {
    world: &'a World,
    proxy: &'a Proxy,
    config: &'a Config,
}

// === impl View ===

impl View<'_> {
    fn namespace(&self) -> &str {
        &self.proxy.workload.namespace
    }

    /// The service a host of an object of `namespace` means.
    fn service(&self, host: &str, namespace: &str) -> Option<&Service> {
        let fqdn = istio::resolve(host, namespace);
        self.world.services.iter().find(|service| service.fqdn() == fqdn)
    }

    /// Every service with every port of it.
    fn ports(&self) -> impl Iterator<Item = (&Service, &ServicePort)> {
        self.world
            .services
            .iter()
            .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
    }
}
