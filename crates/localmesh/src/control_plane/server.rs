//! The control plane as one value: it follows the cluster's objects and the pods, and answers the
//! proxies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::connection::{Connection, proxy_name};
use super::proxies::Proxies;
use super::push_context::gather;
use super::status::ProxyStatus;
use super::{push, xds};
use crate::image::Log;
use crate::network::{Network, PodNet};
use crate::registry::{Registry, seconds};
use crate::store::Object;

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
    registry: Registry,
    network: Network,
    proxies: Mutex<Proxies>,
    /// Told when a proxy joins or leaves.
    membership: Notify,
}

// === impl ControlPlane ===

impl ControlPlane {
    /// A control plane over these objects and pods. `run` makes it follow changes.
    #[must_use]
    pub fn new(registry: Registry, network: Network) -> Self {
        let (proxies, membership) = (Mutex::default(), Notify::new());
        Self { inner: Arc::new(Inner { registry, network, proxies, membership }) }
    }

    /// Follows changes and answers the proxies on this socket until the future is dropped.
    pub async fn run(&self, listener: UnixListener) {
        let control_plane = self.clone();
        let find = move |node: &str| control_plane.connection(node);
        tokio::join!(self.follow(), xds::serve(listener, find));
    }

    async fn follow(&self) {
        let mut versions = self.inner.registry.versions();
        let mut tasks = JoinSet::new();
        let mut running: BTreeMap<String, (Arc<Connection>, AbortHandle)> = BTreeMap::new();
        // Each turn waits for a change.
        loop {
            versions.borrow_and_update();
            self.plan();
            let connections = self.proxies().connections.clone();
            running.retain(|name, (connection, task)| {
                let now = connections.get(name);
                let stays = now.is_some_and(|now| Arc::ptr_eq(now, connection));
                if !stays {
                    task.abort();
                }
                stays
            });
            for (name, connection) in connections {
                running.entry(name).or_insert_with(|| {
                    let task = tasks.spawn(push::follow(Arc::clone(&connection)));
                    (connection, task)
                });
            }
            tokio::select! {
                changed = versions.changed() => {
                    if changed.is_err() {
                        // The store is gone, so nothing changes any more; pushes go on.
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
        let connection = Arc::new(Connection::new(pod));
        self.proxies().connections.insert(connection.name(), Arc::clone(&connection));
        self.plan();
        connection.offer_first();
        self.inner.membership.notify_one();
    }

    /// The log of a pod's Envoy on its way to `log`: the reasons of rejections are only in it.
    #[must_use]
    pub fn listening(&self, pod: &PodNet, log: Log) -> Log {
        let connection = self.proxies().connections.get(&proxy_name(pod)).cloned();
        let Some(connection) = connection else { return log };
        Arc::new(move |line| {
            connection.note(&line);
            log(line);
        })
    }

    /// Forgets a pod; what its Envoy still asks is not answered.
    pub fn leave(&self, pod: &PodNet) {
        let name = proxy_name(pod);
        let connections = &mut self.proxies().connections;
        if connections.get(&name).is_some_and(|connection| connection.pod.uid == pod.uid) {
            if let Some(connection) = connections.remove(&name) {
                connection.leave();
            }
            self.inner.membership.notify_one();
        }
    }

    /// The proxy with this node id.
    pub(super) fn connection(&self, node: &str) -> Option<Arc<Connection>> {
        let name = node.split('~').nth(2)?;
        let connection = self.proxies().connections.get(name).cloned()?;
        (connection.pod.node() == node).then_some(connection)
    }

    /// How far each proxy has come, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ProxyStatus> {
        let connections: Vec<_> = self.proxies().connections.values().cloned().collect();
        connections.iter().map(|connection| connection.status()).collect()
    }

    /// Istio's objects as the proxies' targets were last made from them.
    #[must_use]
    pub fn configs(&self) -> Vec<Arc<Object>> {
        let proxies = self.proxies();
        let context = proxies.context.iter();
        let both = context.flat_map(|it| it.destination_rules.iter().chain(&it.virtual_services));
        both.cloned().collect()
    }

    /// What was last meant for a proxy (`<pod>.<namespace>`): its resources as Envoy's JSON.
    #[must_use]
    pub fn sent(&self, proxy: &str) -> Option<Value> {
        let connection = self.proxies().connections.get(proxy).cloned()?;
        let target = connection.target.borrow().clone()?;
        Some(json!({
            "clusters": target.told.resources.clusters,
            "listeners": target.told.resources.listeners,
            "routes": target.told.resources.routes,
        }))
    }

    /// All proxies.
    pub(super) fn proxies(&self) -> MutexGuard<'_, Proxies> {
        self.inner.proxies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the present objects translated for every proxy.
    fn plan(&self) {
        // Locked first: of two plans at once, the later one must have the newer context.
        let mut proxies = self.proxies();
        // Read before the objects: they may be newer than this version, never older.
        let version = *self.inner.registry.versions().borrow();
        let context = gather(&self.inner.registry, &self.inner.network);
        let now = seconds(self.inner.registry.now());
        proxies.plan(version, context, &now);
    }
}
