//! From Istio's objects to Envoy's: what pilot would tell one proxy about the whole mesh. Pure and
//! golden-tested; names, order, defaults and ignored fields are pilot's.
//!
//! `inputs` is what is known of the mesh, `resources` what a proxy is told of it: `clusters`,
//! `listeners` and `routes`, and for all proxies the `endpoints`. `config` says which object counts
//! for whom. `unsupported` says what has no effect here.

mod applies;
mod circuit_breaker;
mod clusters;
mod config;
pub(crate) mod config_source;
mod endpoints;
mod fault;
mod filters;
mod header_operations;
mod inbound_clusters;
mod inbound_listeners;
mod inputs;
mod listeners;
mod matching;
mod mirrors;
mod names;
mod redirect;
mod resources;
mod retries;
mod route;
mod route_action;
mod routes;
mod rule;
mod target;
mod unsupported;
mod view;
mod visibility;

pub use self::config_source::config_source;
pub use self::inputs::{Endpoint, Proxy, PushContext, Service, ServicePort};
pub use self::resources::{Resources, endpoints, resources};
pub use self::unsupported::unsupported;
