//! Brings its configuration to one proxy: answers to its questions, in an order in which traffic
//! never meets a half: what is new is made before it is used, what is old is removed after its last
//! use.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::rejections::Reasons;
use super::subscriptions::{Heard, Key, Offer, Standing, Subscriptions, hash};
use super::xds::Kind;
use super::{Ack, ProxyStatus, Target, Targets};
use crate::envoy::admin;
use crate::network::PodNet;
use crate::translate::Resources;

/// A question with nothing new to answer is held so long. Envoy would wait twice as long
/// (`translate::REQUEST_TIMEOUT`), and asks again after it.
const HOLD: Duration = Duration::from_mins(5);
/// Looks whether accepted clusters and listeners are in use; they mostly are at the first.
const POLL_FIRST: Duration = Duration::from_millis(2);
/// Looks get rarer up to this: an Envoy that is only starting needs no fast answers.
const POLL_MAX: Duration = Duration::from_millis(40);
/// A proxy that has not answered by now is reported; it is looked at again with the next change.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long the reason may take from Envoy's log to us. It was written before the question that
/// shows the rejection, so this is only a full pipe or a busy machine.
const REASON_WITHIN: Duration = Duration::from_millis(300);
/// What tells whether something is accepted but not yet in use.
const WARMING: &str = "/stats?filter=total_listeners_warming$|warming_clusters$|workers_started$";

/// A proxy that is followed.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) pod: Arc<PodNet>,
    pub(super) target: Targets,
    state: Mutex<State>,
    /// Told of everything that may end a wait: offers, questions, reasons, the end.
    changes: watch::Sender<()>,
}

/// What a proxy was sent and what it made of it.
#[derive(Debug, Default)]
struct State {
    subscriptions: Subscriptions,
    reasons: Reasons,
    /// The newest of its connections. Each process has one.
    connection: u64,
    /// What holds the clusters that it accepted last, and others that are to go.
    clusters: (Arc<Told>, BTreeMap<String, Value>),
    /// The versions of clusters and listeners that are known to be in use.
    warmed: Option<[Option<String>; 2]>,
    /// What was last delivered.
    done: Option<Arc<Target>>,
    /// Why the last delivery stopped.
    error: Option<String>,
    observed: u64,
    left: bool,
}

/// Resources, and the answers they make.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) resources: Resources,
    offers: OnceLock<Offers>,
}

#[derive(Debug)]
struct Offers {
    clusters: Arc<Offer>,
    listeners: Arc<Offer>,
    routes: BTreeMap<String, Arc<Offer>>,
    /// The route configurations that listeners ask for.
    used: BTreeSet<String>,
}

/// Why a delivery stopped.
enum Stop {
    /// Something newer is to be delivered.
    Newer,
    /// The proxy refuses, with its reason; or does not answer.
    Error(String),
}

// === impl Told ===

impl Told {
    pub(super) const fn new(resources: Resources) -> Self {
        Self { resources, offers: OnceLock::new() }
    }

    /// Made when first needed, which is in the proxies' tasks and not in the planner's.
    fn offers(&self) -> &Offers {
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

// === impl Member ===

impl Member {
    pub(super) fn new(pod: Arc<PodNet>) -> Self {
        let (target, changes) = (watch::channel(None).0, watch::channel(()).0);
        Self { pod, target, state: Mutex::default(), changes }
    }

    pub(super) fn name(&self) -> String {
        super::proxy_name(&self.pod)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> ProxyStatus {
        let target = self.target.borrow().clone();
        let state = self.state();
        let ack = |prefix: &str| {
            let asked = |key: &str| target.as_ref().is_none_or(|target| asked(target, key));
            let sent = state.subscriptions.offers();
            let sent: Vec<_> =
                sent.filter(|(key, _)| key.starts_with(prefix) && asked(key)).collect();
            let keys = sent.iter().map(|(key, _)| *key);
            let acked: Vec<_> =
                keys.filter_map(|key| Some((key, state.subscriptions.acked(key)?))).collect();
            Ack { sent: digest(&sent), acked: digest(&acked) }
        };
        ProxyStatus {
            proxy: self.name(),
            cluster: ack("cds"),
            listener: ack("lds"),
            route: ack("rds/"),
            endpoint: ack("eds/"),
            error: state.error.clone(),
            observed: state.observed,
        }
    }

    // --- the proxy's side ---

    /// Answers a question of its Envoy when there is something new; `None` is to ask again.
    pub(super) async fn ask(
        &self,
        connection: u64,
        kind: Kind,
        name: &str,
        base: &str,
    ) -> Option<String> {
        let key = kind.key(name);
        let mut changes = self.changes.subscribe();
        let (heard, newest) = {
            let mut state = self.state();
            if connection > state.connection {
                state.connection = connection;
                state.subscriptions.restart();
                state.warmed = None;
            }
            (state.subscriptions.hear(&key, base), state.connection)
        };
        if let Heard::Again { noted } = heard {
            let reason = self.reason(noted, kind, name).await;
            self.state().subscriptions.not_taken(&key, base, reason);
        }
        self.changes.send_replace(());
        let until = Instant::now() + HOLD;
        loop {
            {
                let mut state = self.state();
                // After another connection began everything that is asked is taken down anew.
                if state.left || state.connection != newest {
                    return None;
                }
                let noted = state.reasons.count();
                if let Some(answer) = state.subscriptions.answer(&key, base, noted) {
                    return Some(answer);
                }
            }
            match timeout_at(until, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }

    /// Takes a line of its Envoy's log.
    pub(super) fn note(&self, line: &str) {
        if self.state().reasons.note(line) {
            self.changes.send_replace(());
        }
    }

    /// Why its Envoy refused something of this kind.
    async fn reason(&self, noted: u64, kind: Kind, name: &str) -> Option<String> {
        let mut changes = self.changes.subscribe();
        let told = async {
            loop {
                if let Some(reason) = self.state().reasons.since(noted, kind, name) {
                    return Some(reason);
                }
                changes.changed().await.ok()?;
            }
        };
        timeout(REASON_WITHIN, told).await.ok().flatten()
    }

    /// Ends what is held.
    pub(super) fn leave(&self) {
        self.state().left = true;
        self.changes.send_replace(());
    }

    // --- the planner's side ---

    /// Offers all at once, to an Envoy that is not running yet.
    pub(super) fn offer_first(&self) {
        let Some(target) = self.target.borrow().clone() else { return };
        let offers = target.told.offers();
        self.offer(|subscriptions| {
            for (name, route) in &offers.routes {
                subscriptions.offer(&Kind::Routes.key(name), route);
            }
            offer_endpoints(subscriptions, &target, &target.told.resources.clusters);
            subscriptions.offer("cds", &offers.clusters);
            subscriptions.offer("lds", &offers.listeners);
        });
    }

    fn offer(&self, what: impl FnOnce(&mut Subscriptions)) {
        what(&mut self.state().subscriptions);
        self.changes.send_replace(());
    }

    /// Make before break: endpoints and clusters, then listeners, then routes; when all is in use,
    /// the clusters and routes that are used no more go.
    async fn deliver(&self, target: &Arc<Target>, newer: &mut Newer) -> Result<(), Stop> {
        if self.has(target) {
            return Ok(());
        }
        let (resources, offers) = (&target.told.resources, target.told.offers());
        let old = self.old_clusters(resources);
        let union = || resources.clusters.iter().chain(&old);
        self.offer(|subscriptions| {
            offer_endpoints(subscriptions, target, union());
            let both = || Arc::new(Offer::new(union().map(|(_, cluster)| cluster)));
            let both = (!old.is_empty()).then(both);
            subscriptions.offer("cds", both.as_ref().unwrap_or(&offers.clusters));
        });
        self.accepted(newer, |key| key == "cds" || key.starts_with("eds/")).await?;
        self.state().clusters = (Arc::clone(&target.told), old.clone());
        self.offer(|subscriptions| {
            for (name, route) in &offers.routes {
                // A listener would wait for its routes.
                if subscriptions.offered(&Kind::Routes.key(name)).is_none() {
                    subscriptions.offer(&Kind::Routes.key(name), route);
                }
            }
            subscriptions.offer("lds", &offers.listeners);
        });
        self.accepted(newer, |key| key == "lds").await?;
        self.warmed(newer).await?;
        self.offer(|subscriptions| {
            for (name, route) in &offers.routes {
                subscriptions.offer(&Kind::Routes.key(name), route);
            }
        });
        self.accepted(newer, |key| key.starts_with("rds/") && asked(target, key)).await?;
        if !old.is_empty() {
            self.offer(|subscriptions| subscriptions.offer("cds", &offers.clusters));
            self.accepted(newer, |key| key == "cds").await?;
            self.state().clusters.1.clear();
        }
        self.offer(|subscriptions| {
            offer_endpoints(subscriptions, target, &resources.clusters);
            subscriptions.retain(|key| {
                key.strip_prefix("rds/").is_none_or(|name| resources.routes.contains_key(name))
            });
        });
        self.state().done = Some(Arc::clone(target));
        Ok(())
    }

    /// The clusters that the proxy has and these resources have not.
    fn old_clusters(&self, resources: &Resources) -> BTreeMap<String, Value> {
        let state = self.state();
        let (told, older) = &state.clusters;
        let has = told.resources.clusters.iter().chain(older);
        let old = has.filter(|(name, _)| !resources.clusters.contains_key(*name));
        old.map(|(name, cluster)| (name.clone(), cluster.clone())).collect()
    }

    /// Whether the same was delivered already and is still in use: most changes of the store do
    /// not concern the proxies.
    fn has(&self, target: &Target) -> bool {
        let state = self.state();
        let same = |done: &Arc<Target>| {
            Arc::ptr_eq(&done.told, &target.told) && Arc::ptr_eq(&done.endpoints, &target.endpoints)
        };
        state.error.is_none()
            && state.done.as_ref().is_some_and(same)
            && state.subscriptions.standing(|key| asked(target, key)) == Standing::Accepted
    }

    /// Waits until the proxy has accepted what is offered of these subscriptions.
    async fn accepted(&self, newer: &mut Newer, which: impl Fn(&str) -> bool) -> Result<(), Stop> {
        let mut changes = self.changes.subscribe();
        let until = Instant::now() + ANSWER_WITHIN;
        loop {
            let standing = self.state().subscriptions.standing(&which);
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

    /// Waits until accepted clusters and listeners are in use, if they are new: Envoy accepts them
    /// before it has their endpoints and routes.
    async fn warmed(&self, newer: &mut Newer) -> Result<(), Stop> {
        let versions = {
            let state = self.state();
            Some(["cds", "lds"].map(|key| state.subscriptions.acked(key).cloned()))
        };
        if self.state().warmed == versions {
            return Ok(());
        }
        let socket = self.pod.dir.join(admin::SOCKET);
        let (start, mut pause) = (Instant::now(), POLL_FIRST);
        while start.elapsed() < ANSWER_WITHIN {
            let answer = admin::get(&socket, WARMING).await.ok().filter(|a| a.status == 200);
            if answer.is_some_and(|answer| is_warm(&answer.body)) {
                self.state().warmed = versions;
                return Ok(());
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 3 / 2).min(POLL_MAX),
                () = newer.arrives() => return Err(Stop::Newer),
            }
        }
        Err(silent())
    }
}

fn silent() -> Stop {
    Stop::Error(format!("no answer from its Envoy within {} s", ANSWER_WITHIN.as_secs()))
}

/// Whether these statistics say that nothing is accepted but not yet in use.
fn is_warm(stats: &str) -> bool {
    let stat = |name| admin::stat(stats, name);
    stat("listener_manager.workers_started") == Some(1)
        && stat("listener_manager.total_listeners_warming") == Some(0)
        && stat("cluster_manager.warming_clusters") == Some(0)
}

/// Offers the endpoints of these clusters, and of no others.
fn offer_endpoints<'a>(
    subscriptions: &mut Subscriptions,
    target: &Target,
    clusters: impl IntoIterator<Item = (&'a String, &'a Value)>,
) {
    let services: BTreeSet<&str> = clusters.into_iter().filter_map(service).collect();
    for service in &services {
        let key = Kind::Endpoints.key(service);
        if let Some(offer) = target.endpoints.get(*service) {
            subscriptions.offer(&key, offer);
        } else if subscriptions.offered(&key).is_none() {
            // Envoy would wait for its endpoints.
            subscriptions.offer(&key, &Arc::new(Offer::new([&nowhere(service)])));
        }
    }
    subscriptions
        .retain(|key| key.strip_prefix("eds/").is_none_or(|service| services.contains(service)));
}

fn nowhere(service: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": service,
    })
}

/// The name under which EDS knows a cluster, if its endpoints come that way.
fn service<'a>((name, cluster): (&'a String, &'a Value)) -> Option<&'a str> {
    let service = cluster["eds_cluster_config"]["service_name"].as_str();
    (cluster["type"] == "EDS").then(|| service.unwrap_or(name))
}

/// Whether the proxy asks for this: for routes that no listener uses it does not.
fn asked(target: &Target, key: &str) -> bool {
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

/// One version for several subscriptions; empty for none.
fn digest(versions: &[(&Key, &String)]) -> String {
    let text: String = versions.iter().map(|(key, version)| format!("{key} {version}\n")).collect();
    if text.is_empty() { text } else { hash(text.as_bytes()) }
}

// === one proxy's task ===

/// Hears of newer targets.
struct Newer(watch::Receiver<Option<Arc<Target>>>);

impl Newer {
    async fn arrives(&mut self) {
        if self.0.changed().await.is_err() {
            // The member is gone, and this task is about to be aborted.
            std::future::pending::<()>().await;
        }
    }
}

/// Delivers each newest target to one proxy, until the member is gone.
pub(super) async fn follow(member: Arc<Member>) {
    let mut newer = Newer(member.target.subscribe());
    loop {
        let target = newer.0.borrow_and_update().clone();
        if let Some(target) = target {
            match member.deliver(&target, &mut newer).await {
                Ok(()) => {
                    let mut state = member.state();
                    state.error = None;
                    state.observed = target.version;
                }
                Err(Stop::Newer) => continue,
                Err(Stop::Error(error)) => {
                    tracing::warn!(proxy = member.name(), "{error}");
                    member.state().error = Some(error);
                }
            }
        }
        newer.arrives().await;
    }
}

#[cfg(test)]
mod tests;
