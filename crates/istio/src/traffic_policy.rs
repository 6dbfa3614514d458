//! How a service's pods are connected to, and which policy holds for a port or a subset.

use crate::connection_pool::ConnectionPool;
use crate::destination::PortSelector;
use crate::field::{Field, parts};
use crate::outlier_detection::OutlierDetection;

parts! {
    /// How pods are connected to.
    pub struct TrafficPolicy {
        /// How one of the pods is chosen.
        pub load_balancer: Option<LoadBalancer>,
        /// Limits: the circuit breaker.
        pub connection_pool: Option<ConnectionPool>,
        /// When a pod is left out for a while.
        pub outlier_detection: Option<OutlierDetection>,
        /// Policies of single ports, which inherit nothing.
        pub port_level_settings: Field<Vec<PortPolicy>>,
    }

    /// The policy of one port.
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
    pub struct LoadBalancer {
        /// `LEAST_REQUEST` (the default), `ROUND_ROBIN`, `RANDOM`, …
        pub simple: Option<String>,
    }
}

// === impl TrafficPolicy ===

impl TrafficPolicy {
    /// The policy that holds for a port: a port's own settings inherit nothing
    /// (pilot's `MergeTrafficPolicy`).
    #[must_use]
    pub fn for_port(&self, port: u16) -> Self {
        match self.port_level_settings.iter().find(|policy| policy.is_for(port)) {
            None => Self { port_level_settings: Field::default(), ..self.clone() },
            Some(own) => Self {
                load_balancer: own.load_balancer.clone(),
                connection_pool: own.connection_pool.clone(),
                outlier_detection: own.outlier_detection.clone(),
                port_level_settings: Field::default(),
                rest: own.rest.clone(),
            },
        }
    }

    /// This policy with what a subset's policy sets in its place (pilot's
    /// `MergeSubsetTrafficPolicy`); a port's own settings in the subset inherit nothing.
    #[must_use]
    pub fn overridden_by(self, subset: &Self, port: u16) -> Self {
        if subset.port_level_settings.iter().any(|policy| policy.is_for(port)) {
            return subset.for_port(port);
        }
        let rest = self.rest.into_iter().chain(subset.rest.clone()).collect();
        Self {
            load_balancer: subset.load_balancer.clone().or(self.load_balancer),
            connection_pool: subset.connection_pool.clone().or(self.connection_pool),
            outlier_detection: subset.outlier_detection.clone().or(self.outlier_detection),
            port_level_settings: Field::default(),
            rest,
        }
    }
}

// === impl PortPolicy ===

impl PortPolicy {
    fn is_for(&self, port: u16) -> bool {
        self.port.as_ref().is_some_and(|selector| *selector.number == u32::from(port))
    }
}
