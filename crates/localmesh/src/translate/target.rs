//! Where a rule sends its requests or connections.

use super::applies::tcp_applies;
use super::inputs::{Service, ServicePort};
use super::names;
use super::view::View;
use istio::{Destination, Headers, RouteDestination, VirtualService};

/// One destination with its share.
pub(super) struct Share<'a> {
    pub(super) cluster: String,
    pub(super) weight: u32,
    pub(super) headers: Option<&'a Headers>,
}

/// Where a rule sends its requests or connections.
pub(super) enum Target<'a> {
    /// A single destination; its weight does not matter.
    One(Share<'a>),
    /// Several, those without weight left out.
    Weighted(Vec<Share<'a>>),
}

pub(super) fn target<'a>(
    view: &View<'_>,
    route: &'a [RouteDestination],
    namespace: &str,
    port: u16,
) -> Target<'a> {
    let share = |one: &'a RouteDestination| Share {
        cluster: destination_cluster(view, &one.destination, namespace, port),
        weight: one.weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or(0),
        headers: one.headers.as_ref(),
    };
    match route {
        [single] => Target::One(share(single)),
        several => {
            Target::Weighted(several.iter().map(share).filter(|share| share.weight > 0).collect())
        }
    }
}

/// The cluster a destination means: without a port, the service's only one, else the called one.
pub(super) fn destination_cluster(
    view: &View<'_>,
    destination: &Destination,
    namespace: &str,
    called: u16,
) -> String {
    let given = destination.port.as_ref().and_then(|port| u16::try_from(*port.number).ok());
    let port = given.unwrap_or_else(|| {
        match view.service(&destination.host, namespace).map(|service| service.ports.as_slice()) {
            Some([only]) => only.port,
            Some(_) | None => called,
        }
    });
    let fqdn = istio::resolve(&destination.host, namespace);
    names::outbound(port, &destination.subset, &fqdn)
}

/// The TCP rule for this proxy's connections to a service, and the object it is from.
pub(super) fn tcp_route<'a>(
    view: &'a View<'a>,
    service: &Service,
    port: &ServicePort,
) -> Option<(&'a VirtualService, Target<'a>)> {
    let candidates = view.config.virtual_services(service, view.namespace());
    let object = candidates.into_iter().find(|object| !object.spec.tcp.is_empty())?;
    let rule = object.spec.tcp.iter().find(|rule| {
        rule.matches.is_empty()
            || rule
                .matches
                .iter()
                .any(|block| tcp_applies(view, block, service.cluster_ip, port.port))
    })?;
    let namespace = &object.metadata.namespace;
    Some((object, target(view, &rule.route, namespace, port.port)))
}
