//! `DestinationRule`: which subsets a service has, and how its pods are connected to. The types
//! hold what the local mesh translates; an object's other fields are admitted by `schema` and
//! listed by `translate::unsupported` there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::metadata::Metadata;
use super::virtual_service::PortSelector;

pub(super) mod validate;

/// A `DestinationRule`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DestinationRule {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it says.
    pub spec: Spec,
}

/// The `spec`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Host it is about; a name without a dot is a service in the object's own namespace.
    pub host: String,
    /// How the service's pods are connected to.
    pub traffic_policy: Option<TrafficPolicy>,
    /// Named groups of the service's pods.
    pub subsets: Vec<Subset>,
    /// Namespaces that see it; none means all.
    pub export_to: Vec<String>,
    /// Which calling pods obey it; none means all.
    pub workload_selector: Option<WorkloadSelector>,
}

/// Pods by label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadSelector {
    /// All of these.
    pub match_labels: BTreeMap<String, String>,
}

/// A named group of pods.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subset {
    /// Its name.
    pub name: String,
    /// Labels its pods have.
    pub labels: BTreeMap<String, String>,
    /// What differs from the service's own policy.
    pub traffic_policy: Option<TrafficPolicy>,
}

/// How pods are connected to.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrafficPolicy {
    /// How one of the pods is chosen.
    pub load_balancer: Option<LoadBalancer>,
    /// Limits: the circuit breaker.
    pub connection_pool: Option<ConnectionPool>,
    /// When a pod is left out for a while.
    pub outlier_detection: Option<OutlierDetection>,
    /// Policies of single ports, which inherit nothing.
    pub port_level_settings: Vec<PortPolicy>,
}

/// The policy of one port.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PortPolicy {
    /// The port.
    pub port: Option<PortSelector>,
    /// How one of the pods is chosen.
    pub load_balancer: Option<LoadBalancer>,
    /// Limits.
    pub connection_pool: Option<ConnectionPool>,
    /// When a pod is left out for a while.
    pub outlier_detection: Option<OutlierDetection>,
}

/// How one of the pods is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// `LEAST_REQUEST` (the default), `ROUND_ROBIN`, `RANDOM`, …
    pub simple: Option<String>,
}

/// Limits of connections and requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConnectionPool {
    /// Of connections.
    pub tcp: Option<TcpSettings>,
    /// Of requests.
    pub http: Option<HttpSettings>,
}

/// Limits of connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TcpSettings {
    /// How many at once; none means 2^32-1.
    pub max_connections: Option<i32>,
    /// How long connecting may take; none means 10 s.
    pub connect_timeout: Option<String>,
    /// How long one may last.
    pub max_connection_duration: Option<String>,
    /// How long one may be silent (TCP only).
    pub idle_timeout: Option<String>,
}

/// Limits of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpSettings {
    /// How many may wait for a connection; none means 2^32-1.
    pub http1_max_pending_requests: Option<i32>,
    /// How many may be in flight; none means 2^32-1.
    pub http2_max_requests: Option<i32>,
    /// How many one connection carries; none means any number.
    pub max_requests_per_connection: Option<i32>,
    /// How many retries may be in flight; none means 2^32-1.
    pub max_retries: Option<i32>,
    /// How long a connection may be without a request; none means 1 h.
    pub idle_timeout: Option<String>,
}

/// When a pod is left out for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OutlierDetection {
    /// Ignored since Istio 1.7; accepted with a warning.
    pub consecutive_errors: Option<i32>,
    /// So many 5xx in a row; 0 switches this off.
    #[serde(rename = "consecutive5xxErrors")]
    pub consecutive_5xx_errors: Option<u32>,
    /// So many 502, 503 or 504 in a row; 0 or none switches this off.
    pub consecutive_gateway_errors: Option<u32>,
    /// Whether errors of the connection itself are counted apart.
    pub split_external_local_origin_errors: bool,
    /// So many errors of the connection in a row.
    pub consecutive_local_origin_failures: Option<u32>,
    /// How often pods are looked at; none means 10 s.
    pub interval: Option<String>,
    /// How long a pod is left out, times how often it was before; none means 30 s.
    pub base_ejection_time: Option<String>,
    /// How many of the pods may be left out; 0 or none means Envoy's 10%.
    pub max_ejection_percent: Option<i32>,
    /// With fewer healthy pods than this, all are used.
    pub min_health_percent: Option<i32>,
}

// === impl DestinationRule ===

impl DestinationRule {
    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }
}

// === impl TrafficPolicy ===

impl TrafficPolicy {
    /// The policy that holds for a port: a port's own settings inherit nothing
    /// (pilot's `MergeTrafficPolicy`).
    #[must_use]
    pub fn for_port(&self, port: u16) -> Self {
        let own = |policy: &&PortPolicy| {
            policy.port.is_some_and(|selector| selector.number == u32::from(port))
        };
        match self.port_level_settings.iter().find(own) {
            None => Self { port_level_settings: Vec::new(), ..self.clone() },
            Some(own) => Self {
                load_balancer: own.load_balancer.clone(),
                connection_pool: own.connection_pool.clone(),
                outlier_detection: own.outlier_detection.clone(),
                port_level_settings: Vec::new(),
            },
        }
    }

    /// This policy with what a subset's policy sets in its place (pilot's
    /// `MergeSubsetTrafficPolicy`); a port's own settings in the subset inherit nothing.
    #[must_use]
    pub fn overridden_by(self, subset: &Self, port: u16) -> Self {
        let number = u32::from(port);
        let named = |policy: &PortPolicy| policy.port.is_some_and(|p| p.number == number);
        if subset.port_level_settings.iter().any(named) {
            return subset.for_port(port);
        }
        Self {
            load_balancer: subset.load_balancer.clone().or(self.load_balancer),
            connection_pool: subset.connection_pool.clone().or(self.connection_pool),
            outlier_detection: subset.outlier_detection.clone().or(self.outlier_detection),
            port_level_settings: Vec::new(),
        }
    }
}
