//! All proxies that are followed, and what the last of their targets were made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::connection::Connection;
use super::nonces::{Cause, Push};
use super::offer::Offer;
use super::push_context::{proxy, same, same_configuration};
use super::target::{Endpoints, Target, Told};
use crate::registry::fresh_uid;
use crate::translate::{self, PushContext};

/// What is known of all proxies.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    /// By `<pod>.<namespace>`.
    pub(super) connections: BTreeMap<String, Arc<Connection>>,
    /// What the last targets were made from.
    pub(super) context: Option<PushContext>,
    /// The endpoints, by EDS service name; the same for all proxies.
    endpoints: Arc<Endpoints>,
    /// The last push, and how many there have been.
    push: Option<(Push, u64)>,
}

// === impl Proxies ===

impl Proxies {
    /// Translates for every proxy and tells the proxies' tasks what to push. The store had this
    /// version before the context was gathered; `now` is RFC 3339.
    pub(super) fn plan(&mut self, version: u64, context: PushContext, now: &str) {
        // Most writes (leases, events, status) do not concern the proxies.
        let same = self.context.as_ref().is_some_and(|before| same(before, &context));
        let before = self.context.as_ref();
        let configuration = before.is_none_or(|before| !same_configuration(before, &context));
        let mut cause = Cause { configuration, endpoints: false };
        if !same {
            let endpoints = translate::endpoints(&context).into_iter();
            let offer = |(service, assignment)| (service, Arc::new(Offer::new([&assignment])));
            let endpoints: Endpoints = endpoints.map(offer).collect();
            cause.endpoints = endpoints != *self.endpoints;
            self.endpoints = Arc::new(endpoints);
        }
        let push = self.push(!same, now);
        for connection in self.connections.values() {
            let last = connection.target.borrow().clone();
            let before = last.clone().filter(|_| same);
            let told = before.map_or_else(
                || Arc::new(Told::new(translate::resources(&context, &proxy(&connection.pod)))),
                |target| Arc::clone(&target.told),
            );
            let nonces = match &last {
                Some(last) if same => last.nonces.clone(),
                _ => {
                    let old = last.as_ref().map(|last| &last.told.resources);
                    let nonces = last.as_ref().map(|last| last.nonces.clone()).unwrap_or_default();
                    nonces.pushed(&push, old, &told.resources, cause, fresh_uid)
                }
            };
            let endpoints = Arc::clone(&self.endpoints);
            let target = Target { version, told, endpoints, nonces };
            connection.target.send_replace(Some(Arc::new(target)));
        }
        self.context = Some(context);
    }

    /// The push that is made now, or the last one if there is nothing new: that is what a proxy
    /// gets which has only come.
    fn push(&mut self, new: bool, now: &str) -> Push {
        let count = self.push.as_ref().map_or(0, |(_, count)| *count);
        match &self.push {
            Some((last, _)) if !new => Push { time: now.to_owned(), ..last.clone() },
            _ => {
                let push = Push { version: format!("{now}/{}", count + 1), time: now.to_owned() };
                self.push = Some((push.clone(), count + 1));
                push
            }
        }
    }
}
