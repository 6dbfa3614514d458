//! The control plane: looks at the cluster's objects and the pods on the network, translates, and
//! delivers to each Envoy; knows which proxy accepted or rejected what.
//!
//! `world` gathers what `translate` needs (pure); `deliver` brings it to one proxy in an order that
//! never breaks traffic; `answer` reads what that proxy made of it (pure); `rejections` keeps the
//! reasons Envoy logs; `debug` shows all of it as istiod does. Configuration travels as files: a
//! change was measured to take effect 2 to 8 ms after the rename, and no gRPC stack is needed.

mod answer;
pub mod debug;
mod deliver;
pub mod rejections;
pub mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::cluster::Cluster;
use super::network::{Network, PodNet};
use super::translate::{self, Resources, World};
use crate::error::{Error, Result};
use deliver::Member;

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
    /// Version of the endpoints as written, by EDS service name.
    endpoints: Arc<BTreeMap<String, String>>,
}

/// What one proxy shall have.
#[derive(Debug, Clone)]
struct Target {
    /// The store's version it was made from.
    version: u64,
    resources: Arc<Resources>,
    /// Version of the endpoints, by EDS service name.
    endpoints: Arc<BTreeMap<String, String>>,
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

    /// Follows changes until the future is dropped.
    pub async fn run(&self) {
        let mut versions = self.inner.cluster.versions();
        let mut tasks = JoinSet::new();
        let mut running: BTreeMap<String, (Arc<Member>, AbortHandle)> = BTreeMap::new();
        // Each turn waits for a change.
        loop {
            versions.borrow_and_update();
            if let Err(error) = self.inner.plan() {
                tracing::error!("the control plane cannot write endpoints: {error}");
            }
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

    /// Writes a new pod's first configuration into its folder, so that its Envoy starts complete,
    /// and follows it from now on. A pod without a sidecar is none of its business.
    #[expect(clippy::unused_async, reason = "the signature leaves room for another transport")]
    pub async fn join(&self, pod: Arc<PodNet>) -> Result<()> {
        if !pod.sidecar {
            return Ok(());
        }
        let doing = format!("configuring the sidecar of {}.{}", pod.name, pod.namespace);
        let member = Arc::new(Member::new(pod));
        self.inner.state().members.insert(member.name(), Arc::clone(&member));
        self.inner.plan().and_then(|()| member.write_first()).map_err(|error| {
            Error::runner(doing, error).hint("is the disk full? set TMPDIR to another folder")
        })?;
        self.inner.membership.notify_one();
        Ok(())
    }

    /// Forgets a pod.
    pub fn leave(&self, pod: &PodNet) {
        let name = format!("{}.{}", pod.name, pod.namespace);
        let mut state = self.inner.state();
        if state.members.get(&name).is_some_and(|member| member.pod.uid == pod.uid) {
            state.members.remove(&name);
            self.inner.membership.notify_one();
        }
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
            "clusters": target.resources.clusters,
            "listeners": target.resources.listeners,
            "routes": target.resources.routes,
        }))
    }
}

// === impl Inner ===

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Translates the present objects for every proxy and tells the proxies' tasks what to deliver.
    fn plan(&self) -> io::Result<()> {
        // Locked first: of two plans at once, the later one must have the newer world.
        let mut state = self.state();
        // Read before the objects: they may be newer than this version, never older.
        let version = *self.cluster.versions().borrow();
        let world = world::gather(&self.cluster, &self.network);
        // Most writes (leases, events, status) do not concern the proxies.
        let same = state.world.as_ref().is_some_and(|before| world::same(before, &world));
        let mut plans = Vec::new();
        for member in state.members.values() {
            let before = member.target.borrow().clone().filter(|_| same);
            let resources = before.map_or_else(
                || Arc::new(translate::resources(&world, &world::proxy(&member.pod))),
                |target| Arc::clone(&target.resources),
            );
            plans.push((Arc::clone(member), resources));
        }
        for (member, resources) in plans {
            let endpoints = Arc::clone(&state.endpoints);
            member.target.send_replace(Some(Arc::new(Target { version, resources, endpoints })));
        }
        state.world = Some(world);
        Ok(())
    }
}

/// The channel on which a proxy's task hears of its newest target.
type Targets = watch::Sender<Option<Arc<Target>>>;
