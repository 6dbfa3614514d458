//! How pods are connected to (`validateTrafficPolicy`): for a service, a subset or a port.

use super::connection_pool::connection_pool;
use super::load_balancer::load_balancer;
use super::names::{domain, is_address, port_number};
use super::node::Node;
use super::outlier_detection::outlier_detection;
use super::tls::tls;
use crate::review::Review;

const PARTS: &[&str] = &["outlierDetection", "connectionPool", "loadBalancer", "tls"];
const PARTS_OF_SERVICES: &[&str] = &["tunnel", "proxyProtocol", "retryBudget"];

pub(super) fn traffic_policy(policy: &Node<'_>, namespace: &str, review: &mut Review) {
    let has = |name: &&str| policy.has(name);
    if !PARTS.iter().chain(PARTS_OF_SERVICES).any(has) && !policy.any("portLevelSettings") {
        return review.error(policy, "traffic policy must have at least one field");
    }
    if policy.has("tunnel") && policy.has("proxyProtocol") {
        return review.error(policy, "tunnel and proxyProtocol must not be set together");
    }
    parts(policy, namespace, review);
    for own in policy.items("portLevelSettings") {
        match own.get("port") {
            None => review.error(own.at("port"), "portTrafficPolicy must have valid port"),
            Some(port) if port.int("number") == 0 => {
                review.warn(port, "is no port: no connection is to it");
            }
            Some(_) => {}
        }
        if PARTS.iter().any(|name| own.has(name)) {
            parts(&own, namespace, review);
        } else {
            review.error(own, "port traffic policy must have at least one field");
        }
    }
    if let Some(tunnel) = policy.get("tunnel") {
        tunnelled(&tunnel, review);
    }
}

fn parts(policy: &Node<'_>, namespace: &str, review: &mut Review) {
    if let Some(outlier) = policy.get("outlierDetection") {
        outlier_detection(&outlier, review);
    }
    if let Some(pool) = policy.get("connectionPool") {
        connection_pool(&pool, review);
    }
    if let Some(balancer) = policy.get("loadBalancer") {
        load_balancer(&balancer, policy.has("outlierDetection"), review);
    }
    if let Some(settings) = policy.get("tls") {
        tls(&settings, namespace, review);
    }
}

fn tunnelled(tunnel: &Node<'_>, review: &mut Review) {
    if !["", "CONNECT", "POST"].contains(&tunnel.text("protocol")) {
        review.error(tunnel.at("protocol"), "tunnel protocol must be \"CONNECT\" or \"POST\"");
    }
    let host = tunnel.text("targetHost");
    if domain(host).is_err() && !is_address(host) {
        let message = format_args!("{host:?} is neither a fully qualified name nor an address");
        review.error(tunnel.at("targetHost"), message);
    }
    port_number(&tunnel.at("targetPort"), review);
}
