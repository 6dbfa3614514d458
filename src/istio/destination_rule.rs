//! DestinationRule: which subsets a service has, and how its pods are connected to. The types hold
//! what the local mesh translates; an object's other fields are admitted by `schema` and listed by
//! `untranslated`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metadata::{self, Metadata};
use super::virtual_service::PortSelector;
use super::{duration, fqdn};

pub(super) mod validate;

/// A DestinationRule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DestinationRule {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it says.
    pub spec: Spec,
}

/// The `spec`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Host it is about; a name without a dot is a service in the object's own namespace.
    pub host: String,
    /// How the service's pods are connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<TrafficPolicy>,
    /// Named groups of the service's pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<Subset>,
    /// Namespaces that see it; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub export_to: Vec<String>,
    /// Which calling pods obey it; none means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_selector: Option<WorkloadSelector>,
}

/// Pods by label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadSelector {
    /// All of these.
    pub match_labels: BTreeMap<String, String>,
}

/// A named group of pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subset {
    /// Its name.
    pub name: String,
    /// Labels its pods have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What differs from the service's own policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy: Option<TrafficPolicy>,
}

/// How pods are connected to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrafficPolicy {
    /// How one of the pods is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
    /// Limits: the circuit breaker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_pool: Option<ConnectionPool>,
    /// When a pod is left out for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlier_detection: Option<OutlierDetection>,
    /// Policies of single ports, which inherit nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub port_level_settings: Vec<PortPolicy>,
}

/// The policy of one port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PortPolicy {
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortSelector>,
    /// How one of the pods is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<LoadBalancer>,
    /// Limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_pool: Option<ConnectionPool>,
    /// When a pod is left out for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlier_detection: Option<OutlierDetection>,
}

/// How one of the pods is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancer {
    /// `LEAST_REQUEST` (the default), `ROUND_ROBIN`, `RANDOM`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simple: Option<String>,
}

/// Limits of connections and requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionPool {
    /// Of connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpSettings>,
    /// Of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpSettings>,
}

/// Limits of connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TcpSettings {
    /// How many at once; none means 2^32-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<i32>,
    /// How long connecting may take; none means 10 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<String>,
    /// How long one may last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connection_duration: Option<String>,
    /// How long one may be silent (TCP only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
}

/// Limits of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpSettings {
    /// How many may wait for a connection; none means 2^32-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http1_max_pending_requests: Option<i32>,
    /// How many may be in flight; none means 2^32-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http2_max_requests: Option<i32>,
    /// How many one connection carries; none means any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_requests_per_connection: Option<i32>,
    /// How many retries may be in flight; none means 2^32-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i32>,
    /// How long a connection may be without a request; none means 1 h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<String>,
}

/// When a pod is left out for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OutlierDetection {
    /// Ignored since Istio 1.7; accepted with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_errors: Option<i32>,
    /// So many 5xx in a row; 0 switches this off.
    #[serde(rename = "consecutive5xxErrors", skip_serializing_if = "Option::is_none")]
    pub consecutive_5xx_errors: Option<u32>,
    /// So many 502, 503 or 504 in a row; 0 or none switches this off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_gateway_errors: Option<u32>,
    /// Whether errors of the connection itself are counted apart.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub split_external_local_origin_errors: bool,
    /// So many errors of the connection in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consecutive_local_origin_failures: Option<u32>,
    /// How often pods are looked at; none means 10 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// How long a pod is left out, times how often it was before; none means 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_ejection_time: Option<String>,
    /// How many of the pods may be left out; 0 or none means Envoy's 10%.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ejection_percent: Option<i32>,
    /// With fewer healthy pods than this, all are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_health_percent: Option<i32>,
}

// === impl DestinationRule ===

impl DestinationRule {
    /// For one service of Kubernetes, named as Kiali's wizards name it: the object is called like
    /// the service, the host is its full name.
    #[must_use]
    pub fn for_service(name: &str, namespace: &str) -> Self {
        Self {
            metadata: Metadata::new(name, namespace),
            spec: Spec { host: fqdn(name, namespace), ..Spec::default() },
        }
    }

    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }

    /// As an object for the API.
    #[must_use]
    pub fn to_object(&self) -> Value {
        metadata::object("DestinationRule", &self.metadata, &self.spec)
    }

    /// With a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.metadata.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With a subset for each of these versions: name = version, label `version`.
    #[must_use]
    pub fn versions<'a>(mut self, versions: impl IntoIterator<Item = &'a str>) -> Self {
        self.spec.subsets.extend(versions.into_iter().map(|version| Subset {
            name: version.to_owned(),
            labels: BTreeMap::from([("version".to_owned(), version.to_owned())]),
            traffic_policy: None,
        }));
        self
    }

    /// The policy of the whole service, to be filled in.
    pub fn policy(&mut self) -> &mut TrafficPolicy {
        self.spec.traffic_policy.get_or_insert_default()
    }

    /// With a circuit breaker: so many connections, and so many requests waiting for one.
    #[must_use]
    pub fn breaker(mut self, max_connections: i32, max_pending: i32) -> Self {
        let pool = self.policy().connection_pool.get_or_insert_default();
        pool.tcp.get_or_insert_default().max_connections = Some(max_connections);
        pool.http.get_or_insert_default().http1_max_pending_requests = Some(max_pending);
        self
    }

    /// With outlier detection that really ejects: so many 5xx in a row, looked at every
    /// `interval`, left out for `ejection`, any share of the pods.
    #[must_use]
    pub fn ejecting(mut self, errors: u32, interval: Duration, ejection: Duration) -> Self {
        self.policy().outlier_detection = Some(OutlierDetection {
            consecutive_5xx_errors: Some(errors),
            interval: Some(duration::show(interval)),
            base_ejection_time: Some(duration::show(ejection)),
            max_ejection_percent: Some(100),
            ..OutlierDetection::default()
        });
        self
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
