//! How an object gets another `spec`: one that this run added, one that was there before it, and
//! one that somebody else keeps. What was there is in the journal first, whole.

use istio::{concerns, hosts_of, resolve, share_proxies};
use serde_json::{Value, json};

use crate::cluster::{Before, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::applier::Applier;
use crate::safety::compare::same;
use crate::safety::journal::{Entry, Scope, Undo};
use crate::safety::labels::RUN_LABEL;
use crate::safety::overlay;
use crate::safety::patch::{conflict, escaped, patch_of};
use crate::safety::undo::Marks;
use crate::safety::waves::WAVES;

/// How the names of objects begin that sentences generate.
const GENERATED: &str = "faultless-";

/// How a change is told that nothing in the mesh would give back.
const UNPROTECTED: &str = "changed, was there before; unprotected: if this runner dies, only \
                           `faultless recover` on its machine or `faultless sweep` gives it back";

/// What became of a write.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) name: ObjectRef,
    /// What was true before, for the barrier; `None` when nothing had to be changed, or nothing
    /// that a proxy must know.
    pub(crate) before: Option<Before>,
    pub(crate) how: &'static str,
    /// What of it may not do what was meant, because of what was there.
    pub(crate) doubts: Vec<String>,
}

impl Applier {
    /// Makes the mesh do what this Istio object says about its host.
    pub(crate) async fn configure(&self, scope: Scope, object: &Value) -> Result<Applied> {
        let wanted = ObjectRef::of(object)?;
        // What was wanted; what is written may be an object of another name.
        let subject = &wanted.to_string();
        let open = self.journal.entries(|entry| entry.scope == scope);
        let ours = |entry: &&Entry| match &entry.undo {
            Undo::Added { object } => *object == wanted,
            Undo::Changed { .. } | Undo::Put { .. } => false,
        };
        if let Some(entry) = open.iter().find(ours) {
            return self.update(entry, &wanted, object).await;
        }
        let (there, _) =
            self.cluster.list(&wanted.api_version, &wanted.kind, &wanted.namespace, "").await?;
        let hosts: Vec<_> =
            hosts_of(object).iter().map(|host| resolve(host, &wanted.namespace)).collect();
        // Of several for one host the oldest has its way.
        let other = (there.iter())
            .filter(|other| hosts.iter().any(|host| concerns(other, host)))
            // One that only a gateway obeys says nothing to sidecars, and stays as it is.
            .filter(|other| share_proxies(object, other))
            .min_by_key(|other| {
                other.pointer("/metadata/creationTimestamp").and_then(Value::as_str)
            });
        match other {
            Some(other) => self.change(scope, subject, object, other, &open).await,
            None => {
                let before = self.before(&wanted).await?;
                self.add(scope, subject, object).await?;
                Ok(Applied { name: wanted, before, how: "added", doubts: Vec::new() })
            }
        }
    }

    /// Changes an object that this scenario added, and that is as it left it.
    async fn update(&self, entry: &Entry, name: &ObjectRef, object: &Value) -> Result<Applied> {
        let there = self.cluster.get(name).await?.unwrap_or_default();
        if let Some(last) = &entry.stored {
            conflict(name, last, &there["spec"])?;
        }
        self.dead_man.check()?;
        let label = format!("/metadata/labels/{}", escaped(RUN_LABEL));
        let patch = json!([
            {"op": "test", "path": label, "value": self.run},
            {"op": "test", "path": "/spec", "value": there["spec"]},
            {"op": "replace", "path": "/spec", "value": object["spec"]},
        ]);
        let (spec, before) = (&object["spec"], self.before(name).await?);
        let changing = self.cluster.patch(name, patch_of(patch, name)?);
        let stored = self.written(name, changing, |now| same(&now["spec"], spec)).await?;
        self.journal.became(entry.id, &stored["spec"]);
        Ok(Applied { name: name.clone(), before, how: "changed", doubts: Vec::new() })
    }

    /// Changes an Istio object that was there before.
    async fn change(
        &self,
        scope: Scope,
        subject: &str,
        object: &Value,
        there: &Value,
        open: &[Entry],
    ) -> Result<Applied> {
        // Configuration that a feature brought as it is replaces what is there as it is.
        let generated = ObjectRef::of(object)?.name.starts_with(GENERATED);
        let kind = there["kind"].as_str().unwrap_or_default();
        let spec = |before: &Value| match generated {
            true => overlay::overlay(kind, before, &object["spec"]),
            false => Ok(object["spec"].clone()),
        };
        self.rewrite(scope, subject, there, open, spec).await
    }

    /// Changes the `spec` of an object that was there before, to what becomes of the one that it
    /// had before this scenario.
    async fn rewrite(
        &self,
        scope: Scope,
        subject: &str,
        there: &Value,
        open: &[Entry],
        spec: impl FnOnce(&Value) -> Result<Value>,
    ) -> Result<Applied> {
        let name = ObjectRef::of(there)?;
        let doing = || format!("changing {name}");
        let mut before = there.clone();
        let mut again = false;
        for entry in open.iter().rev() {
            if let Undo::Changed { object, before: earlier, wrote } = &entry.undo
                && *object == name
            {
                if !again {
                    let last = entry.stored.as_ref().unwrap_or(wrote);
                    conflict(&name, last, &there["spec"])?;
                }
                before = earlier.clone();
                again = true;
            }
        }
        if !again {
            self.may_change(&name, there)?;
        }
        let spec = spec(&before["spec"])?;
        if same(&spec, &there["spec"]) {
            let how = "is so already";
            return Ok(Applied { name, before: None, how, doubts: Vec::new() });
        }
        let covered = self.watchdogs.cover(self, &name.namespace).await?;
        let barrier = self.before(&name).await?;
        // A watchdog takes its time to start, and somebody may have been faster.
        let now = self.cluster.get(&name).await?.unwrap_or_default();
        conflict(&name, &there["spec"], &now["spec"])?;
        let there = &now;
        let patch = match again {
            true => Marks::change_again(there, &spec),
            false => Marks::change(there, &spec, &self.run)
                .map_err(|error| Error::runner(doing(), error))?,
        };
        self.dead_man.check()?;
        // The whole earlier object; of a second change it is what the first made of it, and the
        // oldest record is the one that counts.
        let undo =
            Undo::Changed { object: name.clone(), before: there.clone(), wrote: spec.clone() };
        let id = self.journal.intend(scope, subject, undo)?;
        let changing = self.cluster.patch(&name, patch);
        let stored = self.written(&name, changing, |now| same(&now["spec"], &spec)).await?;
        self.journal.done(id, stored.get("spec"));
        let how = if covered { "changed, was there before" } else { UNPROTECTED };
        Ok(Applied { name, before: barrier, how, doubts: overlay::doubts(there, &spec) })
    }

    /// What is true of an object before it is written, if a proxy must know of the write.
    async fn before(&self, name: &ObjectRef) -> Result<Option<Before>> {
        if !WAVES.iter().any(|kinds| kinds.contains(&&*name.kind)) {
            return Ok(None);
        }
        let namespaces = self.journal.header().namespaces;
        let objects = std::slice::from_ref(name);
        self.cluster.before_writing(&namespaces, objects).await.map(Some)
    }

    /// Has a Deployment run so many pods.
    pub(crate) async fn scale(
        &self,
        scope: Scope,
        name: &ObjectRef,
        replicas: u32,
    ) -> Result<Applied> {
        let missing = || {
            Error::runner(format!("changing {name}"), "it is not there").hint(
                "`kubectl get deployments` shows what is; a workload that is only for a \
                       scenario must be deployed first",
            )
        };
        let there = self.cluster.get(name).await?.ok_or_else(missing)?;
        let with = |before: &Value| {
            let mut spec = before.clone();
            spec["replicas"] = json!(replicas);
            spec
        };
        let open = self.journal.entries(|entry| entry.scope == scope);
        let added =
            |entry: &&Entry| matches!(&entry.undo, Undo::Added { object } if object == name);
        if let Some(entry) = open.iter().find(added) {
            return self.update(entry, name, &json!({"spec": with(&there["spec"])})).await;
        }
        let subject = name.to_string();
        self.rewrite(scope, &subject, &there, &open, |before| Ok(with(before))).await
    }

    /// Whether an object of somebody else may be changed by this run.
    fn may_change(&self, name: &ObjectRef, there: &Value) -> Result<()> {
        let doing = || format!("changing {name}");
        if Marks::on(there) {
            let run =
                there.pointer("/metadata/labels").and_then(|labels| labels[RUN_LABEL].as_str());
            let cause = format!("it belongs to another run ({})", run.unwrap_or("unknown"));
            return Err(Error::runner(doing(), cause)
                .hint("`faultless recover` or `faultless sweep --context NAME` restores it"));
        }
        match overlay::manager(there) {
            Some(manager) if !self.adopt => {
                let cause = format!("{manager} keeps it as it is");
                Err(Error::runner(doing(), cause)
                    .hint("pause that for the test and say --adopt to change it all the same"))
            }
            _ => Ok(()),
        }
    }
}
