//! All proxies that are followed, and what the last of their targets were made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connection::Connection;
use super::offer::Offer;
use super::push_context::{proxy, same};
use super::target::{Endpoints, Target, Told};
use crate::translate::{self, PushContext};

/// What is known of all proxies.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    /// By `<pod>.<namespace>`.
    pub(super) connections: BTreeMap<String, Arc<Connection>>,
    /// What the last targets were made from.
    context: Option<PushContext>,
    /// The endpoints, by EDS service name; the same for all proxies.
    endpoints: Arc<Endpoints>,
}

// === impl Proxies ===

impl Proxies {
    /// Translates for every proxy and tells the proxies' tasks what to push. The store had this
    /// version before the context was gathered.
    pub(super) fn plan(&mut self, version: u64, context: PushContext) {
        // Most writes (leases, events, status) do not concern the proxies.
        let same = self.context.as_ref().is_some_and(|before| same(before, &context));
        if !same {
            let endpoints = translate::endpoints(&context).into_iter();
            let offer = |(service, assignment)| (service, Arc::new(Offer::new([&assignment])));
            self.endpoints = Arc::new(endpoints.map(offer).collect());
        }
        for connection in self.connections.values() {
            let before = connection.target.borrow().clone().filter(|_| same);
            let told = before.map_or_else(
                || Arc::new(Told::new(translate::resources(&context, &proxy(&connection.pod)))),
                |target| Arc::clone(&target.told),
            );
            let endpoints = Arc::clone(&self.endpoints);
            connection.target.send_replace(Some(Arc::new(Target { version, told, endpoints })));
        }
        self.context = Some(context);
    }
}
