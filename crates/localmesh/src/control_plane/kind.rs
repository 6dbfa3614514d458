//! The kinds of resources that xDS brings, and what a proxy subscribes to of each. Pure.

/// A subscription: `cds`, `lds`, `rds/<route configuration>` or `eds/<service>`.
pub(super) type Key = String;

/// A kind of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Clusters,
    Endpoints,
    Listeners,
    Routes,
}

// === impl Kind ===

impl Kind {
    /// All of them, in the order in which they are sent.
    pub(super) const ALL: [Self; 4] =
        [Self::Clusters, Self::Endpoints, Self::Listeners, Self::Routes];

    /// The type of its resources.
    pub(super) const fn type_url(self) -> &'static str {
        match self {
            Self::Clusters => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Self::Endpoints => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            Self::Listeners => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Routes => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        }
    }

    /// Whether this subscription is to its resources.
    pub(super) fn has(self, key: &str) -> bool {
        match self {
            Self::Clusters => key == "cds",
            Self::Endpoints => key.starts_with("eds/"),
            Self::Listeners => key == "lds",
            Self::Routes => key.starts_with("rds/"),
        }
    }

    /// By the path of the question.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.strip_prefix("/v3/discovery:")? {
            "clusters" => Some(Self::Clusters),
            "endpoints" => Some(Self::Endpoints),
            "listeners" => Some(Self::Listeners),
            "routes" => Some(Self::Routes),
            _ => None,
        }
    }

    /// The subscription to the resources of this name.
    pub(super) fn key(self, name: &str) -> String {
        match self {
            Self::Clusters => "cds".to_owned(),
            Self::Endpoints => format!("eds/{name}"),
            Self::Listeners => "lds".to_owned(),
            Self::Routes => format!("rds/{name}"),
        }
    }
}
