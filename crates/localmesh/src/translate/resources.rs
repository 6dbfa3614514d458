//! What one proxy is told, and what all are told: the translation's results.

use std::collections::BTreeMap;

use serde_json::Value;

use super::config::Config;
use super::inputs::{Proxy, PushContext};
use super::view::View;
use super::{clusters, endpoints as eds, listeners, routes};

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

/// What `proxy` is told about the mesh. Every value carries its `@type`, so that an answer to
/// Envoy is only a list of them.
///
/// Where a real mesh would let unknown hosts pass through, this one answers 502, as Istio does with
/// `outboundTrafficPolicy: REGISTRY_ONLY`: without captured connections there is no original
/// destination to pass on to.
#[must_use]
pub fn resources(context: &PushContext, proxy: &Proxy) -> Resources {
    let config = Config::new(context);
    let view = View { context, proxy, config: &config };
    Resources {
        clusters: clusters::clusters(&view),
        listeners: listeners::listeners(&view),
        routes: routes::routes(&view),
    }
}

/// The endpoints of every cluster that any proxy may be told of (EDS), by service name; a cluster
/// without endpoints is there too, because Envoy waits for its endpoints, even none.
#[must_use]
pub fn endpoints(context: &PushContext) -> BTreeMap<String, Value> {
    eds::endpoints(context, &Config::new(context))
}
