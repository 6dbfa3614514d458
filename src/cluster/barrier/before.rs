//! What is true of some objects, and of the proxies that use them, before a write.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::counters::Counters;
use super::expected::{Expected, digest, types};
use super::look::{Look, witnesses};
use super::syncz::Proxy;
use crate::cluster::handle::Cluster;
use crate::cluster::object_ref::ObjectRef;
use crate::cluster::tunnel::Unreached;
use crate::error::Result;

/// How often a control plane is asked that does not answer: one that restarts is not listed as
/// ready any more a moment later, and then its proxies are asked alone.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// What was true before a write, for `Cluster::converged` to compare with.
#[derive(Debug)]
pub struct Before {
    /// The namespaces whose proxies must know.
    pub(super) namespaces: Vec<String>,
    /// The objects that are going to be written, as they are.
    pub(super) objects: Vec<(ObjectRef, Option<Value>)>,
    /// How the proxies stand; nothing where nobody may be asked.
    pub(super) look: Option<Look>,
    /// What those who were asked show, by object.
    pub(super) shown: BTreeMap<ObjectRef, BTreeMap<Proxy, Option<u64>>>,
    /// The control planes' counters, where nobody may be asked.
    pub(super) counters: Option<Counters>,
}

// === impl Before ===

impl Before {
    /// What must be seen once these objects are as they are now.
    pub(super) fn expected(&self, now: &[Option<Value>]) -> Vec<Expected> {
        let objects = self.objects.iter().zip(now);
        let expected = objects.filter_map(|((object, before), now)| {
            let shown = self.shown.get(object).cloned().unwrap_or_default();
            Expected::of(object, before.as_ref(), now.as_ref(), &shown)
        });
        expected.collect()
    }
}

impl Cluster {
    /// Remembers what is true before these objects are written. The proxies that must know of it
    /// are those in these namespaces.
    pub async fn before_writing(
        &self,
        namespaces: &[String],
        objects: &[ObjectRef],
    ) -> Result<Before> {
        let mut there = Vec::new();
        for object in objects {
            there.push((object.clone(), self.get(object).await?));
        }
        let mut before = Before {
            namespaces: namespaces.to_vec(),
            objects: there,
            look: None,
            shown: BTreeMap::new(),
            counters: None,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.remember(&mut before).await {
                Ok(()) => return Ok(before),
                Err(Unreached::Forbidden) => {
                    before.counters = self.counters(namespaces).await;
                    return Ok(before);
                }
                Err(Unreached::Failed(error)) if tries == TRIES => return Err(error),
                Err(Unreached::Failed(_)) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn remember(&self, before: &mut Before) -> Result<(), Unreached> {
        let look = self.proxies(&before.namespaces).await?;
        // What is not there yet is in no proxy.
        let existing = before.objects.iter().filter(|(_, there)| there.is_some());
        let all: BTreeSet<_> =
            existing.clone().flat_map(|(object, there)| types(object, &[there.as_ref()])).collect();
        if !all.is_empty() {
            let pages = self.shown(&witnesses(&look, false), &all).await?;
            for (object, there) in existing {
                let types = types(object, &[there.as_ref()]);
                let of = |(proxy, pages): (&Proxy, &super::look::Pages)| {
                    let pages = types.iter().filter_map(|xds| pages.get(xds));
                    (proxy.clone(), digest(pages, object))
                };
                before.shown.insert(object.clone(), pages.iter().map(of).collect());
            }
        }
        before.look = Some(look);
        Ok(())
    }
}
