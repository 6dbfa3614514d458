//! The kinds of resources that xDS brings, and what a proxy subscribes to of each. Pure.

/// A subscription: `cds`, `lds`, `rds/<route configuration>` or `eds/<service>`.
pub(super) type Key = String;

/// A kind of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Clusters,
    Endpoints,
    Listeners,
    Routes,
}

// === impl Kind ===

impl Kind {
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
