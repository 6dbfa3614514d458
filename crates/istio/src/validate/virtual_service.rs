//! What istiod's webhook objects to in a `VirtualService`, and what it only warns of
//! (`ValidateVirtualService` in `pkg/config/validation/validation.go`).

use std::collections::HashSet;

use super::http_route::http_route;
use super::layer4::{tcp_route, tls_route};
use super::matches::is_claim;
use super::names::{
    export_to, gateway_domain, gateway_names, is_address, overlap, wildcard_domain,
};
use super::node::Node;
use super::unused::unused;
use crate::review::Review;

/// Reviews an object whose fields all fit the schema.
pub(crate) fn virtual_service(spec: &Node<'_>, namespace: &str, review: &mut Review) {
    let is_delegate = !spec.any("hosts");
    if is_delegate {
        for (field, what) in [("gateways", "gateways"), ("tls", "tls route"), ("tcp", "tcp route")]
        {
            if spec.any(field) {
                let message =
                    format_args!("delegate virtual service must have no {what} specified");
                review.error(spec.at(field), message);
            }
        }
    }
    gateway_names(spec, review);
    let on_gateways =
        spec.any("gateways") && !spec.items("gateways").iter().any(|name| name.as_text() == "mesh");
    hosts(spec, on_gateways, review);
    if !["http", "tcp", "tls"].iter().any(|field| spec.any(field)) {
        review.error(spec, "http, tcp or tls must be provided in virtual service");
    }
    for route in spec.items("http") {
        if !on_gateways {
            claims(&route, review);
        }
        http_route(&route, is_delegate, review);
    }
    let hosts = spec.items("hosts");
    // Istio takes "bound to no gateway by name" for bound to gateways here.
    let sni_on_gateways = on_gateways || !spec.any("gateways");
    for route in spec.items("tls") {
        tls_route(&route, &hosts, sni_on_gateways, review);
    }
    for route in spec.items("tcp") {
        tcp_route(&route, review);
    }
    export_to(spec, namespace, false, review);
    unused(spec, review);
}

/// Only gateways know who a request is from.
fn claims(route: &Node<'_>, review: &mut Review) {
    for block in route.items("match") {
        let headers = block.entries("headers").into_iter().chain(block.entries("withoutHeaders"));
        for (_, header) in headers.filter(|(name, _)| is_claim(name)) {
            review.error(&header, "JWT claim based routing is only supported for gateways");
        }
    }
}

fn hosts(spec: &Node<'_>, on_gateways: bool, review: &mut Review) {
    let hosts = spec.items("hosts");
    let routes = spec.items("tls");
    let mut blocks = routes.iter().flat_map(|route| route.items("match"));
    let sni = blocks.any(|block| block.any("sniHosts"));
    let mut all_valid = true;
    for host in &hosts {
        let name = host.as_text();
        let judged = if on_gateways { gateway_domain(name, sni) } else { wildcard_domain(name) };
        match judged {
            Err(_) if is_address(name) => {}
            Err(cause) => {
                all_valid = false;
                review.error(host, cause);
            }
            Ok(()) if !on_gateways && name == "*" => {
                all_valid = false;
                let message = "wildcard host * is not allowed for virtual services bound to the \
                               mesh gateway";
                review.error(host, message);
            }
            Ok(()) => {}
        }
    }
    if !all_valid {
        return;
    }
    // Only a wildcard meets a host of another name.
    let (mut plain, mut wild) = (HashSet::new(), Vec::<&str>::new());
    for (index, host) in hosts.iter().enumerate() {
        let name = host.as_text();
        let mut wider = wild.iter().copied().filter(|own| overlap(own, name));
        let other = match name.starts_with('*') {
            true => hosts.iter().take(index).map(Node::as_text).find(|own| overlap(own, name)),
            false => plain.get(name).copied().or_else(|| wider.next()),
        };
        if let Some(other) = other {
            let message = format_args!("duplicate hosts in virtual service: {other} & {name}");
            review.error(host, message);
        }
        if name.starts_with('*') {
            wild.push(name);
        } else {
            plain.insert(name);
        }
    }
}
