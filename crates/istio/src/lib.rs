//! Istio's objects as Faultless reads and judges them: one file per resource with its type
//! and rules, the schema that refuses what a real API server would, and the rules between
//! objects. Pure: used by the local mesh's admission and translation, and by the runner before it
//! touches anything.

pub mod admission;
pub mod check;
pub mod destination_rule;
pub mod duration;
pub mod metadata;
mod schema;
pub mod virtual_service;

pub use admission::admit;
pub use destination_rule::DestinationRule;
pub use virtual_service::VirtualService;

/// The domain of the cluster, as every Istio installation has it by default.
pub const DOMAIN: &str = "svc.cluster.local";

/// A service's full name.
#[must_use]
pub fn fqdn(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.{DOMAIN}")
}

/// What a host in an object means: a name without a dot is a service in the object's own namespace,
/// anything else stands for itself (pilot's `ResolveShortnameToFQDN`).
#[must_use]
pub fn resolve(host: &str, namespace: &str) -> String {
    if host.contains('.') || host.contains('*') { host.to_owned() } else { fqdn(host, namespace) }
}

/// An IPv4 network from CIDR notation or a plain address; `None` for anything else.
#[must_use]
pub fn subnet(text: &str) -> Option<(std::net::Ipv4Addr, u8)> {
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((address.parse().ok()?, bits))
}
