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
    let host = theirs.spec.hosts.first().map_or("", String::as_str);
    if !ours.http.is_empty() {
        merged.spec.http = http(&ours.http, &theirs.spec.http, host).into();
    }
    if !ours.tcp.is_empty() {
        merged.spec.tcp = tcp(&ours.tcp, &theirs.spec.tcp, host).into();
    }
    Ok(merged)
}

/// Their rules in their order, each with what ours say of it. A rule of ours that says where
/// requests go is for those that went to the service so far: what their owner sends elsewhere,
/// redirects, answers or delegates stays as it is. One with conditions stands before the rule that
/// it takes requests from, which keeps the others.
fn http(ours: &[HttpRoute], theirs: &[HttpRoute], host: &str) -> Vec<HttpRoute> {
    if !theirs.iter().any(|rule| leads_to(rule, host)) && ours.iter().any(|o| directs(&o.route)) {
        // Nothing of theirs is about the service itself: ours comes after what is.
        return theirs.iter().chain(ours).cloned().collect();
    }
    if theirs.is_empty() {
        return ours.to_vec();
    }
    let mut merged = Vec::new();
    for rule in theirs {
        let leads = leads_to(rule, host);
        let mut for_all = false;
        for mine in ours.iter().filter(|mine| leads || !directs(&mine.route)) {
            merged.push(over(mine, rule));
            for_all |= mine.matches.is_empty();
        }
        // Without conditions a rule of ours is for all that theirs was for. One that only adds to
        // what theirs does is of use for those requests alone, and theirs stays for the rest.
        let adds = ours.iter().all(|mine| !directs(&mine.route));
        if !for_all && !adds {
            merged.push(rule.clone());
        }
    }
    merged
}

/// Their rule with what ours sets. Everything else of it is its owner's.
fn over(ours: &HttpRoute, rule: &HttpRoute) -> HttpRoute {
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
    if directs(&ours.route) {
        merged.route.clone_from(&ours.route);
    }
    if !ours.matches.is_empty() {
        merged.matches = both(&ours.matches, &rule.matches).into();
    }
    merged
}

/// Of a rule for TCP a scenario only says where connections go.
fn tcp(ours: &[TcpRoute], theirs: &[TcpRoute], host: &str) -> Vec<TcpRoute> {
    let directing = ours.iter().find(|mine| directs(&mine.route));
    match directing {
        _ if theirs.is_empty() => ours.to_vec(),
        None => theirs.to_vec(),
        Some(mine) => {
            let over = |rule: &TcpRoute| match to_only(&rule.route, host) {
                true => TcpRoute { route: mine.route.clone(), ..rule.clone() },
                false => rule.clone(),
            };
            theirs.iter().map(over).collect()
        }
    }
}

/// Whether a rule says more of where it sends to than the service's name.
fn directs(route: &[RouteDestination]) -> bool {
    !matches!(route, [only] if only.destination.subset.is_empty())
}

/// Whether a rule sends requests to the service of this host, and nowhere else.
fn leads_to(rule: &HttpRoute, host: &str) -> bool {
    let elsewhere =
        rule.redirect.is_some() || rule.direct_response.is_some() || rule.delegate.is_some();
    !elsewhere && to_only(&rule.route, host)
}

fn to_only(route: &[RouteDestination], host: &str) -> bool {
    route.iter().all(|to| is_same(&to.destination.host, host))
}

/// Whether two hosts in one object are the same, however long each is spelled.
fn is_same(one: &str, other: &str) -> bool {
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    begins(one, other) || begins(other, one)
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
