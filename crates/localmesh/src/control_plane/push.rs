//! Brings its configuration to one proxy, in an order in which traffic never meets a half: what is
//! new is made before it is used, what is old is removed after its last use.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::eds::offer_endpoints;
use super::kind::Kind;
use super::offer::Offer;
use super::stop::{ANSWER_WITHIN, Newer, Stop, silent};
use super::subscription::Standing;
use super::target::{Target, asked};
use crate::translate::Resources;

/// Pushes each newest target to one proxy, until it is gone.
pub(super) async fn follow(connection: Arc<Connection>) {
    let mut newer = Newer(connection.target.subscribe());
    loop {
        let target = newer.0.borrow_and_update().clone();
        if let Some(target) = target {
            match connection.push(&target, &mut newer).await {
                Ok(()) => {
                    connection.took(&Kind::ALL, &target);
                    let mut state = connection.state();
                    state.error = None;
                    state.observed = target.version;
                }
                Err(Stop::Newer) => continue,
                Err(Stop::Error(error)) => {
                    tracing::warn!(proxy = connection.name(), "{error}");
                    connection.refuses();
                    connection.state().error = Some(error);
                }
            }
        }
        newer.arrives().await;
    }
}

// === impl Connection ===

impl Connection {
    /// Make before break: endpoints and clusters, then listeners, then routes; when all is in use,
    /// the clusters and routes that are used no more go.
    async fn push(&self, target: &Arc<Target>, newer: &mut Newer) -> Result<(), Stop> {
        if self.has(target) {
            return Ok(());
        }
        let (resources, offers) = (&target.told.resources, target.told.offers());
        let old = self.old_clusters(resources);
        let union = || resources.clusters.iter().chain(&old);
        self.offer(|watched| {
            offer_endpoints(watched, target, union());
            let both = || Arc::new(Offer::new(union().map(|(_, cluster)| cluster)));
            let both = (!old.is_empty()).then(both);
            watched.offer("cds", both.as_ref().unwrap_or(&offers.clusters));
        });
        self.accepted(newer, |key| key == "cds" || key.starts_with("eds/")).await?;
        self.state().clusters = (Arc::clone(&target.told), old.clone());
        self.offer(|watched| {
            for (name, route) in &offers.routes {
                // A listener would wait for its routes.
                if watched.offered(&Kind::Routes.key(name)).is_none() {
                    watched.offer(&Kind::Routes.key(name), route);
                }
            }
            watched.offer("lds", &offers.listeners);
        });
        self.accepted(newer, |key| key == "lds").await?;
        self.warmed(newer).await?;
        self.took(&[Kind::Clusters, Kind::Endpoints, Kind::Listeners], target);
        self.offer(|watched| {
            for (name, route) in &offers.routes {
                watched.offer(&Kind::Routes.key(name), route);
            }
        });
        self.accepted(newer, |key| key.starts_with("rds/") && asked(target, key)).await?;
        if !old.is_empty() {
            self.offer(|watched| watched.offer("cds", &offers.clusters));
            self.accepted(newer, |key| key == "cds").await?;
            self.state().clusters.1.clear();
        }
        self.offer(|watched| {
            offer_endpoints(watched, target, &resources.clusters);
            watched.retain(|key| {
                key.strip_prefix("rds/").is_none_or(|name| resources.routes.contains_key(name))
            });
        });
        self.state().done = Some(Arc::clone(target));
        Ok(())
    }

    /// Takes down what the proxy has accepted and uses.
    fn took(&self, kinds: &[Kind], target: &Target) {
        self.state().ledger.accept(kinds, &target.nonces);
    }

    /// Takes down what the proxy refuses.
    fn refuses(&self) {
        let mut state = self.state();
        for kind in Kind::ALL {
            if let Some(reason) = state.watched.reasons(|key| kind.has(key)) {
                state.ledger.refuse(kind, reason);
            }
        }
    }

    /// The clusters that the proxy has and these resources have not.
    fn old_clusters(&self, resources: &Resources) -> BTreeMap<String, Value> {
        let state = self.state();
        let (told, older) = &state.clusters;
        let has = told.resources.clusters.iter().chain(older);
        let old = has.filter(|(name, _)| !resources.clusters.contains_key(*name));
        old.map(|(name, cluster)| (name.clone(), cluster.clone())).collect()
    }

    /// Whether the same was pushed already and is still in use: most changes of the store do
    /// not concern the proxies.
    fn has(&self, target: &Target) -> bool {
        let state = self.state();
        let same = |done: &Arc<Target>| {
            Arc::ptr_eq(&done.told, &target.told) && Arc::ptr_eq(&done.endpoints, &target.endpoints)
        };
        state.error.is_none()
            && state.done.as_ref().is_some_and(same)
            && state.watched.standing(|key| asked(target, key)) == Standing::Accepted
    }

    /// Waits until the proxy has accepted what is offered of these subscriptions.
    async fn accepted(&self, newer: &mut Newer, which: impl Fn(&str) -> bool) -> Result<(), Stop> {
        let mut changes = self.changes.subscribe();
        let until = Instant::now() + ANSWER_WITHIN;
        loop {
            let standing = self.state().watched.standing(&which);
            match standing {
                Standing::Accepted => return Ok(()),
                Standing::Refused(reasons) => return Err(Stop::Error(reasons)),
                Standing::Waits => {}
            }
            tokio::select! {
                changed = timeout_at(until, changes.changed()) => {
                    if changed.is_err() {
                        return Err(silent());
                    }
                }
                () = newer.arrives() => return Err(Stop::Newer),
            }
        }
    }
}

#[cfg(test)]
mod tests;
