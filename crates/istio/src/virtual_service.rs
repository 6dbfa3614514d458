//! `VirtualService`: which requests to a host go where, and what is done to them on the way. The
//! types have what rules and translation look at; other fields are admitted by `schema`, carried
//! through, and listed by `translate::unsupported` of the local mesh.

use serde::Deserialize as _;
use serde_json::Value;

use crate::field::{Field, Rest, parts};
use crate::http_route::HttpRoute;
use crate::metadata::Metadata;
use crate::tcp_route::TcpRoute;

parts! {
    /// A `VirtualService`.
    pub struct VirtualService {
        /// `networking.istio.io/v1`, or an earlier version of it.
        pub api_version: Field<String>,
        /// `VirtualService`.
        pub kind: Field<String>,
        /// Name, namespace, labels.
        pub metadata: Field<Metadata>,
        /// What it says.
        pub spec: Field<VirtualServiceSpec>,
    }

    /// The `spec`.
    pub struct VirtualServiceSpec {
        /// Hosts it is about; a name without a dot is a service in the object's own namespace.
        pub hosts: Field<Vec<String>>,
        /// Gateways it is bound to; none means the sidecars (`mesh`).
        pub gateways: Field<Vec<String>>,
        /// Rules for HTTP; the first match is used.
        pub http: Field<Vec<HttpRoute>>,
        /// Rules for TLS that is not ended; nobody here looks into them.
        pub tls: Field<Vec<Rest>>,
        /// Rules for TCP; the first match is used.
        pub tcp: Field<Vec<TcpRoute>>,
        /// Namespaces that see it; none means all.
        pub export_to: Field<Vec<String>>,
    }
}

// === impl VirtualService ===

impl VirtualService {
    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }

    /// Whether the sidecars obey it at all.
    #[must_use]
    pub fn on_mesh(&self) -> bool {
        self.spec.gateways.is_empty() || self.spec.gateways.iter().any(|name| name == "mesh")
    }
}
