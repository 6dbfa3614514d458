//! What one translation looks at: a mesh through the eyes of one proxy.

use super::config::Config;
use super::inputs::{Proxy, PushContext, Service, ServicePort};

/// What one translation looks at.
pub(super) struct View<'a> {
    pub(super) context: &'a PushContext,
    pub(super) proxy: &'a Proxy,
    pub(super) config: &'a Config,
}

// === impl View ===

impl View<'_> {
    pub(super) fn namespace(&self) -> &str {
        &self.proxy.workload.namespace
    }

    /// The service a host of an object of `namespace` means.
    pub(super) fn service(&self, host: &str, namespace: &str) -> Option<&Service> {
        let fqdn = istio::resolve(host, namespace);
        self.context.services.iter().find(|service| service.fqdn() == fqdn)
    }

    /// Every service with every port of it.
    pub(super) fn ports(&self) -> impl Iterator<Item = (&Service, &ServicePort)> {
        self.context
            .services
            .iter()
            .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
    }
}
