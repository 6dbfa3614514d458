//! Conditions that can be decided now, because they are about the calling proxy.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::view::View;
use super::visibility::has_labels;
use istio::{HttpMatch, TcpMatch};

/// Whether this proxy, calling `port`, can meet the block at all.
pub(super) fn http_applies(view: &View<'_>, block: &HttpMatch, port: u16) -> bool {
    applies(view, &block.source_labels, &block.source_namespace, &block.gateways)
        && block.port.is_none_or(|number| number == u32::from(port))
}

/// Whether this proxy's connections to `address:port` meet the block.
pub(super) fn tcp_applies(view: &View<'_>, block: &TcpMatch, address: Ipv4Addr, port: u16) -> bool {
    let within = |subnet: &String| {
        istio::subnet(subnet).is_some_and(|(network, bits)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        })
    };
    let subnets = &block.destination_subnets;
    applies(view, &block.source_labels, &block.source_namespace, &block.gateways)
        && block.port.is_none_or(|number| number == u32::from(port))
        && (subnets.is_empty() || subnets.iter().any(within))
}

fn applies(
    view: &View<'_>,
    labels: &BTreeMap<String, String>,
    namespace: &str,
    gateways: &[String],
) -> bool {
    (gateways.is_empty() || gateways.iter().any(|gateway| gateway == "mesh"))
        && (namespace.is_empty() || namespace == view.namespace())
        && has_labels(&view.proxy.labels, labels)
}
