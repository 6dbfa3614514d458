//! The types of configuration that a proxy is sent, as a control plane and an Envoy call them.
//! Pure.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Xds {
    Cluster,
    Listener,
    Route,
    Endpoint,
}

// === impl Xds ===

impl Xds {
    pub(super) const ALL: [Self; 4] = [Self::Cluster, Self::Listener, Self::Route, Self::Endpoint];

    /// Its name in an xDS request, by which istiod's `/debug/syncz` lists it.
    pub(super) const fn type_url(self) -> &'static str {
        match self {
            Self::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Route => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
            Self::Endpoint => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        }
    }

    /// The start of its fields in an entry of `/debug/syncz`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Listener => "listener",
            Self::Route => "route",
            Self::Endpoint => "endpoint",
        }
    }

    /// The page of an Envoy's admin interface that has what is in use of it, and no more (Envoy's
    /// documentation, "Administration interface").
    pub(super) const fn page(self) -> &'static str {
        match self {
            Self::Cluster => "/config_dump?resource=dynamic_active_clusters",
            Self::Listener => "/config_dump?resource=dynamic_listeners",
            Self::Route => "/config_dump?resource=dynamic_route_configs",
            Self::Endpoint => "/config_dump?include_eds&resource=dynamic_endpoint_configs",
        }
    }
}
