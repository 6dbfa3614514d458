//! The control plane: looks at the cluster's objects and the pods on the network, translates, and
//! delivers to each Envoy; knows which proxy accepted or rejected what.
//!
//! `world` gathers what `translate` needs (pure); `xds` is the transport, Envoy's REST xDS as long
//! polling; `deliver` brings the configuration to one proxy in an order that never breaks traffic;
//! `subscriptions` knows what that proxy was sent and what it made of it (pure); `rejections` keeps
//! the reasons Envoy logs (pure); `debug` shows all of it as istiod does.

pub mod debug;
mod deliver;
mod rejections;
mod subscriptions;
pub mod world;
pub mod xds;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::cluster::Cluster;
use super::image::Log;
use super::network::{Network, PodNet};
use super::translate::{self, World};
use deliver::{Member, Told};
use subscriptions::Offer;

pub use debug::Istiod;

/// Changes that come within this time are translated together: an `apply` of several objects
/// arrives as several writes. Short, because it is a part of every change's way to the proxies.
const DEBOUNCE: Duration = Duration::from_millis(3);

/// The control plane of one mesh; cheap to clone.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    cluster: Cluster,
    network: Network,
    state: Mutex<State>,
    /// Told when a proxy joins or leaves.
    membership: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By `<pod>.<namespace>`.
    members: BTreeMap<String, Arc<Member>>,
    /// What the last targets were made from.
    world: Option<World>,
    /// The endpoints, by EDS service name; the same for all proxies.
    endpoints: Arc<Endpoints>,
}

type Endpoints = BTreeMap<String, Arc<Offer>>;

/// What one proxy shall have.
#[derive(Debug, Clone)]
struct Target {
    /// The store's version it was made from.
    version: u64,
    told: Arc<Told>,
    endpoints: Arc<Endpoints>,
}

/// What was sent of one type, and what of that was accepted; versions are hashes of the content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ack {
    /// Version that was sent last.
    pub sent: String,
    /// Version that was accepted last.
    pub acked: String,
}

/// How far one proxy has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProxyStatus {
    /// `<pod>.<namespace>`
    pub proxy: String,
    /// CDS.
    pub cluster: Ack,
    /// LDS.
    pub listener: Ack,
    /// RDS.
    pub route: Ack,
    /// EDS.
    pub endpoint: Ack,
    /// What it rejects, with Envoy's reason.
    pub error: Option<String>,
    /// The resource version of the store up to which everything is delivered and accepted.
    pub observed: u64,
}

// === impl ControlPlane ===

impl ControlPlane {
    /// A control plane over these objects and pods. `run` makes it follow changes.
    #[must_use]
    pub fn new(cluster: Cluster, network: Network) -> Self {
        let state = Mutex::default();
        Self { inner: Arc::new(Inner { cluster, network, state, membership: Notify::new() }) }
    }

    /// Follows changes and answers the proxies on this socket until the future is dropped.
    pub async fn run(&self, listener: UnixListener) {
        tokio::join!(self.follow(), xds::serve(listener, self.clone()));
    }

    async fn follow(&self) {
        let mut versions = self.inner.cluster.versions();
        let mut tasks = JoinSet::new();
        let mut running: BTreeMap<String, (Arc<Member>, AbortHandle)> = BTreeMap::new();
        // Each turn waits for a change.
        loop {
            versions.borrow_and_update();
            self.inner.plan();
            let members = self.inner.state().members.clone();
            running.retain(|name, (member, task)| {
                let stays = members.get(name).is_some_and(|now| Arc::ptr_eq(now, member));
                if !stays {
                    task.abort();
                }
                stays
            });
            for (name, member) in members {
                running.entry(name).or_insert_with(|| {
                    let task = tasks.spawn(deliver::follow(Arc::clone(&member)));
                    (member, task)
                });
            }
            tokio::select! {
                changed = versions.changed() => {
                    if changed.is_err() {
                        // The store is gone, so nothing changes any more; deliveries go on.
                        return std::future::pending().await;
                    }
                }
                () = self.inner.membership.notified() => {}
            }
            while tasks.try_join_next().is_some() {}
            tokio::time::sleep(DEBOUNCE).await;
        }
    }

    /// Has a new pod's first configuration ready, so that its Envoy starts complete, and follows
    /// it from now on. A pod without a sidecar is none of its business.
    pub fn join(&self, pod: Arc<PodNet>) {
        if !pod.sidecar {
            return;
        }
        let member = Arc::new(Member::new(pod));
        self.inner.state().members.insert(member.name(), Arc::clone(&member));
        self.inner.plan();
        member.offer_first();
        self.inner.membership.notify_one();
    }

    /// The log of a pod's Envoy on its way to `log`: the reasons of rejections are only in it.
    #[must_use]
    pub fn listening(&self, pod: &PodNet, log: Log) -> Log {
        let member = self.inner.state().members.get(&proxy_name(pod)).cloned();
        let Some(member) = member else { return log };
        Arc::new(move |line| {
            member.note(&line);
            log(line);
        })
    }

    /// Forgets a pod; what its Envoy still asks is not answered.
    pub fn leave(&self, pod: &PodNet) {
        let name = proxy_name(pod);
        let mut state = self.inner.state();
        if state.members.get(&name).is_some_and(|member| member.pod.uid == pod.uid) {
            if let Some(member) = state.members.remove(&name) {
                member.leave();
            }
            self.inner.membership.notify_one();
        }
    }

    /// The member with this node id.
    fn member(&self, node: &str) -> Option<Arc<Member>> {
        let name = node.split('~').nth(2)?;
        let member = self.inner.state().members.get(name).cloned()?;
        (member.pod.node() == node).then_some(member)
    }

    /// How far each proxy has come, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ProxyStatus> {
        let members: Vec<_> = self.inner.state().members.values().cloned().collect();
        members.iter().map(|member| member.status()).collect()
    }

    /// What was last meant for a proxy (`<pod>.<namespace>`): its resources as Envoy's JSON.
    #[must_use]
    pub fn sent(&self, proxy: &str) -> Option<Value> {
        let member = self.inner.state().members.get(proxy).cloned()?;
        let target = member.target.borrow().clone()?;
        Some(json!({
            "clusters": target.told.resources.clusters,
            "listeners": target.told.resources.listeners,
            "routes": target.told.resources.routes,
        }))
    }
}

// === impl Inner ===

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Translates the present objects for every proxy and tells the proxies' tasks what to deliver.
    fn plan(&self) {
        // Locked first: of two plans at once, the later one must have the newer world.
        let mut state = self.state();
        // Read before the objects: they may be newer than this version, never older.
        let version = *self.cluster.versions().borrow();
        let world = world::gather(&self.cluster, &self.network);
        // Most writes (leases, events, status) do not concern the proxies.
        let same = state.world.as_ref().is_some_and(|before| world::same(before, &world));
        if !same {
            let endpoints = translate::endpoints(&world).into_iter();
            let offer = |(service, assignment)| (service, Arc::new(Offer::new([&assignment])));
            state.endpoints = Arc::new(endpoints.map(offer).collect());
        }
        for member in state.members.values() {
            let before = member.target.borrow().clone().filter(|_| same);
            let told = before.map_or_else(
                || Arc::new(Told::new(translate::resources(&world, &world::proxy(&member.pod)))),
                |target| Arc::clone(&target.told),
            );
            let endpoints = Arc::clone(&state.endpoints);
            member.target.send_replace(Some(Arc::new(Target { version, told, endpoints })));
        }
        state.world = Some(world);
    }
}

fn proxy_name(pod: &PodNet) -> String {
    format!("{}.{}", pod.name, pod.namespace)
}

/// The channel on which a proxy's task hears of its newest target.
type Targets = watch::Sender<Option<Arc<Target>>>;
