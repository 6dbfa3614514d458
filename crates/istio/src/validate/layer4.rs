//! Rules for connections: TCP, and TLS that is not ended.

use super::destinations::destinations;
use super::names::{
    gateway_domain, gateway_names, is_address, pod_labels, port_if_set, subnet, wildcard_domain,
    within,
};
use super::node::Node;
use crate::review::Review;

pub(super) fn tcp_route(route: &Node<'_>, review: &mut Review) {
    for block in route.items("match") {
        connection(&block, review);
    }
    forwards(route, "TCP", review);
}

/// Reviews a route of an object with these hosts.
pub(super) fn tls_route(
    route: &Node<'_>,
    hosts: &[Node<'_>],
    on_gateways: bool,
    review: &mut Review,
) {
    if !route.any("match") {
        review.error(route.at("match"), "TLS route must have at least one match condition");
    }
    for block in route.items("match") {
        if !block.any("sniHosts") {
            review.error(block.at("sniHosts"), "TLS match must have at least one SNI host");
        }
        for host in block.items("sniHosts") {
            sni_host(&host, hosts, on_gateways, review);
        }
        connection(&block, review);
    }
    forwards(route, "TLS", review);
}

fn connection(block: &Node<'_>, review: &mut Review) {
    for block in block.items("destinationSubnets") {
        subnet(&block, review);
    }
    port_if_set(block, review);
    pod_labels(block, "sourceLabels", review);
    gateway_names(block, review);
}

fn forwards(route: &Node<'_>, protocol: &str, review: &mut Review) {
    if !route.any("route") {
        review.error(route.at("route"), format_args!("{protocol} route is required"));
    }
    destinations(route, review);
}

fn sni_host(host: &Node<'_>, hosts: &[Node<'_>], on_gateways: bool, review: &mut Review) {
    let name = host.as_text();
    let judged = match on_gateways {
        true => gateway_domain(name, true),
        false => wildcard_domain(name),
    };
    match judged {
        Err(_) if is_address(name) => {
            review.warn(host, "an IP address goes against SNI, and most clients do not send one");
        }
        Err(cause) => review.error(host, cause),
        Ok(()) => {
            if !hosts.iter().any(|own| within(name, own.as_text())) {
                let message = format_args!("SNI host {name:?} is within none of the hosts");
                review.error(host, message);
            }
        }
    }
}
