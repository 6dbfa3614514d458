//! One look at the mesh: what the control planes say of the proxies that must know, and what some
//! of these show themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::Value;

use super::syncz::{Proxy, Sync, Syncs, read};
use super::xds::Xds;
use crate::cluster::handle::Cluster;
use crate::cluster::pod::Pod;
use crate::cluster::tunnel::Unreached;
use crate::error::{Error, Result};

/// How many proxies of each control plane are asked for what they show. All of its proxies are sent
/// the same push, and its own account says who accepted it.
const WITNESSES: usize = 2;

/// How many at most, where the first ones cannot show it or no control plane can be asked.
const WITNESSES_MAX: usize = 24;

/// Where istiod serves its debug pages.
pub(super) const DEBUG_PORT: u16 = 15014;

/// Where an Envoy serves its admin interface, on its pod's loopback alone.
const ADMIN_PORT: u16 = 15000;

/// The pages of one proxy, by type.
pub(super) type Pages = BTreeMap<Xds, Value>;

/// What those proxies show that were asked.
pub(super) type Shown = BTreeMap<Proxy, Pages>;

/// What the control planes say at one moment.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The proxies that must know: the place of their control plane, and how they stand. Without a
    /// control plane, nothing of how they stand.
    pub(super) proxies: BTreeMap<Proxy, (usize, Syncs)>,
    /// Whether any control plane could be asked.
    pub(super) has_control_plane: bool,
    /// Those whose control plane does not know them any more.
    pub(super) lost: BTreeSet<Proxy>,
}

// === impl Look ===

impl Look {
    /// How a type stands at a proxy.
    pub(super) fn sync(&self, proxy: &Proxy, xds: Xds) -> Option<&Sync> {
        self.proxies.get(proxy)?.1.get(&xds)
    }

    /// The nonces of what these have accepted last of these types.
    pub(super) fn accepted(&self, proxies: &[Proxy], types: &BTreeSet<Xds>) -> Vec<String> {
        let of = |proxy| types.iter().map(move |xds| self.sync(proxy, *xds));
        let all = proxies.iter().flat_map(of);
        all.map(|sync| sync.map(|sync| sync.acked.clone()).unwrap_or_default()).collect()
    }
}

/// Who is asked: a bounded number for each control plane, spread over the proxies by name.
pub(super) fn witnesses(look: &Look, wide: bool) -> Vec<Proxy> {
    let mut by_plane: BTreeMap<usize, Vec<&Proxy>> = BTreeMap::new();
    for (proxy, (plane, _)) in &look.proxies {
        by_plane.entry(*plane).or_default().push(proxy);
    }
    let wanted = if wide || !look.has_control_plane { WITNESSES_MAX } else { WITNESSES };
    let mut chosen = Vec::new();
    for proxies in by_plane.values() {
        let count = wanted.min(proxies.len());
        chosen.extend((0..count).map(|n| proxies[n * proxies.len() / count].clone()));
    }
    chosen
}

impl Cluster {
    /// How the proxies in these namespaces stand, by every control plane that can be asked.
    pub(super) async fn proxies(&self, namespaces: &[String]) -> Result<Look, Unreached> {
        let mut look = Look::default();
        let planes = match self.control_planes(namespaces).await {
            Ok(planes) => planes,
            // Its proxies may still be asked.
            Err(error) if error.is_of_rights() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        look.has_control_plane = !planes.is_empty();
        for (place, page) in
            join_all(planes.iter().map(|plane| self.syncz(plane))).await.into_iter().enumerate()
        {
            // A control plane that ends has no proxies any more; its pod is gone at the next look.
            let page = match page {
                Err(Unreached::Failed(_)) if planes.len() > 1 => continue,
                page => page?,
            };
            let own = read(&page).into_iter().filter(|(p, _)| namespaces.contains(&p.namespace));
            look.proxies.extend(own.map(|(proxy, syncs)| (proxy, (place, syncs))));
        }
        look.lost = self.lost(&look, namespaces).await?;
        if !look.has_control_plane {
            for namespace in namespaces {
                let pods = self.pods(namespace, "").await?;
                let proxies = pods.into_iter().filter(|pod| pod.sidecar && pod.ready);
                look.proxies.extend(proxies.map(|pod| {
                    (Proxy { namespace: pod.namespace, pod: pod.name }, (0, Syncs::new()))
                }));
            }
        }
        Ok(look)
    }

    /// Those whose control plane does not know them any more, though their pods are ready.
    async fn lost(&self, look: &Look, namespaces: &[String]) -> Result<BTreeSet<Proxy>, Unreached> {
        let named = |proxy: &Proxy| (proxy.namespace.clone(), proxy.pod.clone());
        let known = look.proxies.keys().map(named).collect();
        let lost = self.seen.lost(&known, namespaces);
        if lost.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut pods = Vec::new();
        for namespace in namespaces {
            pods.extend(self.pods(namespace, "").await?);
        }
        let there = pods.iter().map(|pod| (pod.namespace.clone(), pod.name.clone())).collect();
        self.seen.forget(&lost.difference(&there).cloned().collect());
        let ready = pods.into_iter().filter(|pod| pod.ready);
        let ready = ready.map(|pod| (pod.namespace, pod.name)).filter(|pod| lost.contains(pod));
        Ok(ready.map(|(namespace, pod)| Proxy { namespace, pod }).collect())
    }

    /// What these proxies show of these types. One that is gone meanwhile shows nothing.
    pub(super) async fn shown(
        &self,
        proxies: &[Proxy],
        types: &BTreeSet<Xds>,
    ) -> Result<Shown, Unreached> {
        let asking = proxies.iter().map(|proxy| async move {
            let mut pages = Pages::new();
            for xds in types {
                let (namespace, pod) = (&proxy.namespace, &proxy.pod);
                match self.inside(namespace, pod, ADMIN_PORT, xds.page()).await {
                    Ok(page) => pages.insert(*xds, json(&page, "an Envoy's /config_dump")?),
                    Err(Unreached::Failed(_)) => return Ok(None),
                    Err(forbidden) => return Err(forbidden),
                };
            }
            Ok(Some((proxy.clone(), pages)))
        });
        let all: Result<Vec<_>, _> = join_all(asking).await.into_iter().collect();
        Ok(all?.into_iter().flatten().collect())
    }

    async fn syncz(&self, plane: &Pod) -> Result<Value, Unreached> {
        let Pod { namespace, name, .. } = plane;
        let page = self.inside(namespace, name, DEBUG_PORT, "/debug/syncz").await?;
        Ok(json(&page, "istiod's /debug/syncz")?)
    }
}

fn json(page: &str, what: &str) -> Result<Value> {
    serde_json::from_str(page).map_err(|cause| Error::runner(format!("reading {what}"), cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_each_control_plane_are_asked() {
        let proxy = |pod: String| Proxy { namespace: "shop".to_owned(), pod };
        let proxies = (0..90).map(|n| (proxy(format!("p{n:02}")), (n % 3 / 2, Syncs::new())));
        let proxies = proxies.collect();
        let look = Look { proxies, has_control_plane: true, ..Look::default() };
        let of = |wide| witnesses(&look, wide).iter().map(|p| p.pod.clone()).collect::<Vec<_>>();
        assert_eq!(of(false), ["p00", "p45", "p02", "p47"]);
        assert_eq!(of(true).len(), 2 * WITNESSES_MAX);
        assert_eq!(witnesses(&Look::default(), true), []);
    }
}
