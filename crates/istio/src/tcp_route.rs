//! One rule of a `VirtualService` for TCP.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::destination::RouteDestination;
use crate::field::{Field, parts};

parts! {
    /// One rule for TCP.
    pub struct TcpRoute {
        /// Conditions, any of which suffices; none means every connection.
        #[serde(rename = "match")]
        pub matches: Field<Vec<TcpMatch>>,
        /// Where connections go, by weight.
        pub route: Field<Vec<RouteDestination>>,
    }

    /// Conditions on a connection that must all hold.
    pub struct TcpMatch {
        /// Addresses that are called, in CIDR notation.
        pub destination_subnets: Field<Vec<String>>,
        /// Port that is called.
        pub port: Option<u32>,
        /// Labels of the calling pod.
        pub source_labels: Field<BTreeMap<String, String>>,
        /// Namespace of the calling pod.
        pub source_namespace: Field<String>,
        /// Gateways (or `mesh`), overriding the object's own.
        pub gateways: Field<Vec<String>>,
    }
}

/// An IPv4 network from CIDR notation or a plain address; `None` for anything else.
#[must_use]
pub fn subnet(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((address.parse().ok()?, bits))
}
