//! From Istio's objects to Envoy's: what pilot would tell one proxy about the whole mesh. Pure and
//! golden-tested; names, order, defaults and ignored fields are pilot's.
//!
//! `inputs` is what is known of the mesh, `resources` what a proxy is told of it: `clusters`,
//! `listeners` and `routes`, and for all proxies the `endpoints`. A `view` is the mesh through one
//! proxy's eyes: `config` says which object counts for whom, by its `visibility`. `unsupported`
//! says what has no effect here.
//!
//! A `rule` becomes a `route`: `applies` decides what can be decided now, `matching` is left to
//! Envoy. `route_action` says where its requests go (a `target`) and what happens to them: `fault`,
//! `retries`, `mirrors`, `header_operations`; a `redirect` goes nowhere. `circuit_breaker` is a
//! cluster's settings, `filters` what listeners are made of. The way in has `inbound_listeners`
//! and `inbound_clusters`. `names` and `config_source` are used by all.

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
