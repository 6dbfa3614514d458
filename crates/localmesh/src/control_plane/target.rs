//! What one proxy shall have, and the answers that bring it there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::watch;

use super::nonces::Nonces;
use super::offer::Offer;
use crate::translate::Resources;

/// The endpoints, by EDS service name.
pub(super) type Endpoints = BTreeMap<String, Arc<Offer>>;

/// What one proxy shall have.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The store's version it was made from.
    pub(super) version: u64,
    pub(super) told: Arc<Told>,
    pub(super) endpoints: Arc<Endpoints>,
    /// Under which it is sent.
    pub(super) nonces: Nonces,
}

/// The channel on which a proxy's task hears of its newest target.
pub(super) type Targets = watch::Sender<Option<Arc<Target>>>;

/// Resources, and the answers they make.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) resources: Resources,
    offers: OnceLock<Offers>,
}

#[derive(Debug)]
pub(super) struct Offers {
    pub(super) clusters: Arc<Offer>,
    pub(super) listeners: Arc<Offer>,
    pub(super) routes: BTreeMap<String, Arc<Offer>>,
    /// The route configurations that listeners ask for.
    pub(super) used: BTreeSet<String>,
}

// === impl Told ===

impl Told {
    pub(super) const fn new(resources: Resources) -> Self {
        Self { resources, offers: OnceLock::new() }
    }

    /// Made when first needed, which is in the proxies' tasks and not in the planner's.
    pub(super) fn offers(&self) -> &Offers {
        self.offers.get_or_init(|| {
            let Resources { clusters, listeners, routes } = &self.resources;
            let mut used = BTreeSet::new();
            for listener in listeners.values() {
                routes_of(listener, &mut used);
            }
            let route = |(name, route): (&String, _)| (name.clone(), Arc::new(Offer::new([route])));
            Offers {
                clusters: Arc::new(Offer::new(clusters.values())),
                listeners: Arc::new(Offer::new(listeners.values())),
                routes: routes.iter().map(route).collect(),
                used,
            }
        })
    }
}

/// Whether the proxy asks for this: for routes that no listener uses it does not.
pub(super) fn asked(target: &Target, key: &str) -> bool {
    key.strip_prefix("rds/").is_none_or(|name| target.told.offers().used.contains(name))
}

/// The route configurations that a listener asks for.
fn routes_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("route_config_name").and_then(Value::as_str);
            found.extend(name.map(str::to_owned));
            fields.values().for_each(|value| routes_of(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| routes_of(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
