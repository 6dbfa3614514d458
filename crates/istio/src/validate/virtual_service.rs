//! What istiod's webhook objects to in a `VirtualService`, and what it only warns of
//! (`pkg/config/validation/virtualservice.go`).

use super::actions::actions;
use super::destinations::weights;
use super::faults::http_fault;
use super::matches::http_match;
use super::names::{host_name, port_number};
use super::retries_mirrors::{http_retries, mirrors};
use super::unused::unused;
use crate::http_route::HttpRoute;
use crate::review::Review;
use crate::tcp_route::{TcpRoute, subnet as network};
use crate::virtual_service::VirtualService;

/// Reviews an object whose fields all fit the schema.
pub(crate) fn virtual_service(object: &VirtualService, review: &mut Review) {
    let spec = &object.spec;
    hosts(object, review);
    let rules = spec.http.len() + spec.tcp.len();
    if rules + spec.tls.len() == 0 {
        review.error("spec", "http, tcp or tls must be provided in virtual service");
    }
    for (index, route) in spec.http.iter().enumerate() {
        http_route(route, &format!("spec.http[{index}]"), review);
    }
    for (index, route) in spec.tcp.iter().enumerate() {
        tcp_route(route, &format!("spec.tcp[{index}]"), review);
    }
    unused(spec, review);
}

fn hosts(object: &VirtualService, review: &mut Review) {
    let spec = &object.spec;
    if spec.hosts.is_empty() {
        review.error("spec.hosts", "virtual service must have at least one host");
    }
    for (index, host) in spec.hosts.iter().enumerate() {
        let field = format!("spec.hosts[{index}]");
        if !host_name(host, true) {
            review.error(&field, format_args!("domain name {host:?} invalid"));
        } else if spec.hosts.iter().take(index).any(|earlier| earlier == host) {
            review.error(&field, format_args!("duplicate hosts in virtual service: {host}"));
        }
    }
    if object.on_mesh() && spec.hosts.iter().any(|host| host == "*") {
        let message =
            "wildcard host * is not allowed for virtual services bound to the mesh gateway";
        review.error("spec.hosts", message);
    }
}

fn http_route(route: &HttpRoute, path: &str, review: &mut Review) {
    actions(route, path, review);
    weights(&route.route, path, review);
    for (index, block) in route.matches.iter().enumerate() {
        http_match(block, &format!("{path}.match[{index}]"), review);
    }
    if let Some(fault) = &route.fault {
        http_fault(fault, &format!("{path}.fault"), review);
    }
    if let Some(retries) = &route.retries {
        http_retries(retries, &format!("{path}.retries"), review);
    }
    mirrors(route, path, review);
}

fn tcp_route(route: &TcpRoute, path: &str, review: &mut Review) {
    if route.route.is_empty() {
        review.error(path, "TCP route is required");
    }
    weights(&route.route, path, review);
    for (index, block) in route.matches.iter().enumerate() {
        let field = format!("{path}.match[{index}]");
        if let Some(port) = block.port {
            port_number(port, &format!("{field}.port"), review);
        }
        for subnet in &block.destination_subnets {
            if network(subnet).is_none() {
                review.error(
                    format!("{field}.destinationSubnets"),
                    format_args!("{subnet:?} is not a CIDR block or an address"),
                );
            }
        }
    }
}
