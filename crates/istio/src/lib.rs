//! Istio's objects as types that lose nothing of them, the schema that refuses what a real API
//! server would, and the rules between objects. Pure: used by the local mesh's admission and
//! translation, and by the runner before it touches anything.

mod admit;
mod analysis;
mod connection_pool;
mod destination;
mod destination_rule;
pub mod duration;
mod field;
mod headers;
mod host;
mod http_action;
mod http_fault;
mod http_match;
mod http_route;
mod merge;
mod metadata;
mod object;
mod outlier_detection;
mod review;
mod same;
mod schema;
mod tcp_route;
mod traffic_policy;
mod validate;
mod virtual_service;

#[cfg(test)]
mod istiod;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod upstream;

pub use admit::admit;
pub use analysis::{Caller, Finding, Service, Severity, Surroundings, analyze, faults_beside};
pub use connection_pool::{ConnectionPool, HttpSettings, TcpSettings};
pub use destination::{Destination, PortSelector, RouteDestination};
pub use destination_rule::{DestinationRule, DestinationRuleSpec, Subset, WorkloadSelector};
pub use duration::Duration;
pub use field::{Field, Rest};
pub use headers::{HeaderOperations, Headers};
pub use host::{DOMAIN, concerns, fqdn, hosts_of, resolve, share_proxies};
pub use http_action::{Body, DirectResponse, Redirect, RegexRewrite, Rewrite};
pub use http_fault::{Abort, Delay, GRPC, HttpFault, Percentage};
pub use http_match::{HttpMatch, StringMatch};
pub use http_route::{HttpRoute, Mirror, Retries};
pub use merge::{Unmergeable, merge};
pub use metadata::Metadata;
pub use object::Object;
pub use outlier_detection::OutlierDetection;
pub use same::same;
pub use tcp_route::{TcpMatch, TcpRoute, subnet};
pub use traffic_policy::{LoadBalancer, PortPolicy, TrafficPolicy};
pub use virtual_service::{VirtualService, VirtualServiceSpec};
