//! What a scenario wants, laid over what is there: an object that exists for a host is changed, and
//! everything in it that the scenario says nothing about stays.

use std::fmt;

use crate::destination::RouteDestination;
use crate::destination_rule::{DestinationRule, DestinationRuleSpec};
use crate::http_match::HttpMatch;
use crate::http_route::HttpRoute;
use crate::object::Object;
use crate::tcp_route::TcpRoute;
use crate::virtual_service::{VirtualService, VirtualServiceSpec};

/// Why nothing may be laid over an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmergeable {
    /// It is of another kind.
    OtherKind,
    /// It has more than one host.
    OtherHosts,
    /// It is bound to gateways, and not to the mesh.
    GatewaysOnly,
}

/// An object with ours laid over it.
pub fn merge(theirs: &Object, ours: &Object) -> Result<Object, Unmergeable> {
    match (theirs, ours) {
        (Object::VirtualService(theirs), Object::VirtualService(ours)) => {
            virtual_service(theirs, &ours.spec).map(Object::VirtualService)
        }
        (Object::DestinationRule(theirs), Object::DestinationRule(ours)) => {
            Ok(Object::DestinationRule(destination_rule(theirs, &ours.spec)))
        }
        (Object::VirtualService(_), Object::DestinationRule(_))
        | (Object::DestinationRule(_), Object::VirtualService(_)) => Err(Unmergeable::OtherKind),
    }
}

fn virtual_service(
    theirs: &VirtualService,
    ours: &VirtualServiceSpec,
) -> Result<VirtualService, Unmergeable> {
    if theirs.spec.hosts.len() > 1 {
        return Err(Unmergeable::OtherHosts);
    }
    if !theirs.on_mesh() {
        return Err(Unmergeable::GatewaysOnly);
    }
    let mut merged = theirs.clone();
    if !ours.http.is_empty() {
        let rules = ours.http.iter().flat_map(|rule| http(rule, &theirs.spec.http));
        merged.spec.http = rules.collect();
    }
    if !ours.tcp.is_empty() {
        let rules = ours.tcp.iter().flat_map(|rule| tcp(rule, &theirs.spec.tcp));
        merged.spec.tcp = rules.collect();
    }
    Ok(merged)
}

/// Our rule as it stands where it says where requests go; otherwise the rules that are there, each
/// with what our rule sets. Everything else of a rule is its owner's.
fn http(ours: &HttpRoute, theirs: &[HttpRoute]) -> Vec<HttpRoute> {
    if directs(&ours.route) || theirs.is_empty() {
        return vec![ours.clone()];
    }
    let over = |rule: &HttpRoute| {
        let mut merged = HttpRoute {
            fault: ours.fault.clone().or_else(|| rule.fault.clone()),
            timeout: ours.timeout.clone().or_else(|| rule.timeout.clone()),
            retries: ours.retries.clone().or_else(|| rule.retries.clone()),
            mirror: ours.mirror.clone().or_else(|| rule.mirror.clone()),
            ..rule.clone()
        };
        if ours.mirror_percentage.is_some() {
            merged.mirror_percentage.clone_from(&ours.mirror_percentage);
        }
        if !ours.matches.is_empty() {
            merged.matches = both(&ours.matches, &rule.matches).into();
        }
        merged
    };
    theirs.iter().map(over).collect()
}

/// Of a rule for TCP a scenario only says where connections go.
fn tcp(ours: &TcpRoute, theirs: &[TcpRoute]) -> Vec<TcpRoute> {
    match directs(&ours.route) || theirs.is_empty() {
        true => vec![ours.clone()],
        false => theirs.to_vec(),
    }
}

/// Whether a rule says more of where it sends to than the service's name.
fn directs(route: &[RouteDestination]) -> bool {
    !matches!(route, [only] if only.destination.subset.is_empty())
}

/// Requests that fit one of ours and one of theirs.
fn both(ours: &[HttpMatch], theirs: &[HttpMatch]) -> Vec<HttpMatch> {
    if theirs.is_empty() {
        return ours.to_vec();
    }
    let pairs = ours.iter().flat_map(|mine| theirs.iter().map(move |other| (mine, other)));
    let with_headers = |(mine, other): (&HttpMatch, &HttpMatch)| {
        let mut merged = other.clone();
        merged.headers.extend((*mine.headers).clone());
        merged
    };
    pairs.map(with_headers).collect()
}

fn destination_rule(theirs: &DestinationRule, ours: &DestinationRuleSpec) -> DestinationRule {
    let mut merged = theirs.clone();
    let known = |name: &str| theirs.spec.subsets.iter().any(|subset| subset.name == name);
    let new = ours.subsets.iter().filter(|subset| !known(&subset.name));
    merged.spec.subsets.extend(new.cloned());
    if let Some(ours) = ours.traffic_policy.clone() {
        let policy = merged.spec.traffic_policy.get_or_insert_default();
        policy.load_balancer = ours.load_balancer.or(policy.load_balancer.take());
        policy.connection_pool = ours.connection_pool.or(policy.connection_pool.take());
        policy.outlier_detection = ours.outlier_detection.or(policy.outlier_detection.take());
        if !ours.port_level_settings.is_empty() {
            policy.port_level_settings = ours.port_level_settings;
        }
        policy.rest.extend(ours.rest);
    }
    merged
}

impl fmt::Display for Unmergeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKind => "it is of another kind",
            Self::OtherHosts => "it serves other hosts too, and would disturb them",
            Self::GatewaysOnly => "it serves gateways only, not the mesh",
        })
    }
}

#[cfg(test)]
mod tests;
