//! The one hand that writes into a mesh: what is not there is added, what is there is changed, each
//! only after the journal knows how to undo it; and the same hand takes all of it back.

mod overlay;
mod under_way;

use std::time::Duration;

use istio::{concerns, hosts_of, resolve};
use reports::{Event, Phase};
use serde_json::{Value, json};

use self::under_way::UnderWay;
use super::Scenario;
use super::clean_slate::{Slate, stains};
use super::compare::{differences, same};
use super::dead_man::{DeadMan, Switch};
use super::guard::Ground;
use super::healer::Healers;
use super::journal::{
    Budget, Entry, Journal, Marks, Performed, Restored, Scope, Task, Undo, What, perform, retried,
    tasks,
};
use super::run::Run;
use crate::error::{Error, Result};
use crate::faults::RUN_LABEL;
use crate::target::Target;
use crate::target::objects::ObjectRef;

/// In this order kinds are taken back: a VirtualService must be gone from every proxy before the
/// DestinationRule whose subsets it names, and an owner goes after what it owns.
const WAVES: &[&[&str]] = &[&["VirtualService"], &["DestinationRule"]];

/// How the names of objects begin that sentences generate.
const GENERATED: &str = "faultless-";

/// How long to try once more what failed: a garbage collector takes a second or two.
const AFTERMATH: Duration = Duration::from_secs(5);

/// The kind that goes last: the dead-man's switches that own everything else.
const LAST: &str = "Job";

/// How a change is told that nothing in the mesh would give back.
const UNPROTECTED: &str = "changed, was there before; unprotected: if this runner dies, only \
                           `faultless recover` on its machine or `faultless sweep` gives it back";

/// What a run writes with.
#[derive(Debug, Clone)]
pub struct Changes {
    pub(super) run: String,
    pub(super) target: Target,
    journal: Journal,
    pub(super) dead_man: DeadMan,
    healers: Healers,
    adopt: bool,
    /// Writes whose answer is still to come.
    under_way: UnderWay,
}

/// What became of a write.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) name: ObjectRef,
    /// The resource version from which on a proxy knows it; `None` when nothing had to be changed.
    version: Option<String>,
    pub(super) how: &'static str,
}

// === impl Changes ===

impl Changes {
    pub(super) fn new(
        run: String,
        target: Target,
        journal: Journal,
        dead_man: DeadMan,
        healers: Healers,
        adopt: bool,
    ) -> Self {
        Self { run, target, journal, dead_man, healers, adopt, under_way: UnderWay::default() }
    }

    /// Does work until `stop`, and answers nothing then; a write that is under way is waited for.
    pub(super) async fn until<T>(
        &self,
        stop: impl Future<Output = ()>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        self.under_way.until(stop, work).await
    }

    /// A write. An answer that says no may have been lost on the way from a server that did it, so
    /// the object itself is asked: `is_so` tells whether it is what this run wrote.
    async fn written(
        &self,
        name: &ObjectRef,
        write: impl Future<Output = Result<Value>>,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let _under_way = self.under_way.begin();
        let error = match write.await {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        };
        let label = |now: &Value| {
            now.pointer("/metadata/labels").is_some_and(|labels| labels[RUN_LABEL] == *self.run)
        };
        match self.target.get(name).await {
            Ok(Some(now)) if label(&now) && is_so(&now) => Ok(now),
            Ok(_) | Err(_) => Err(error),
        }
    }

    /// Adds an object that is not there yet, owned by the dead-man's switch.
    pub(super) async fn add(&self, scope: Scope, subject: &str, object: &Value) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let owner = self.owner(&name.namespace, Switch::of(&name.kind)).await?;
        self.add_owned(scope, subject, object, owner).await
    }

    /// The reference to the dead-man's switch that is to own an object.
    pub(super) async fn owner(&self, namespace: &str, switch: Switch) -> Result<Option<Value>> {
        self.dead_man.owner(&self.target, &self.journal, namespace, switch).await
    }

    /// Adds an object that is not there yet, owned as said.
    pub(super) async fn add_owned(
        &self,
        scope: Scope,
        subject: &str,
        object: &Value,
        owner: Option<Value>,
    ) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let mut object = object.clone();
        if let Some(owner) = owner {
            object["metadata"]["ownerReferences"] = json!([owner]);
        }
        self.dead_man.check()?;
        let id = self.journal.intend(scope, subject, Undo::Added { object: name.clone() })?;
        let stored = self.written(&name, self.target.create(&object), |_| true).await?;
        self.journal.done(id, stored.get("spec"));
        Ok(stored)
    }

    /// Records how to undo what is about to be told to pods by `PUT`.
    pub(super) async fn told<T>(
        &self,
        scope: Scope,
        subject: &str,
        undo: Undo,
        tell: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.dead_man.check()?;
        let id = self.journal.intend(scope, subject, undo)?;
        let _under_way = self.under_way.begin();
        let told = tell.await?;
        self.journal.done(id, None);
        Ok(told)
    }

    /// Makes the mesh do what this Istio object says about its host.
    async fn configure(&self, scope: Scope, object: &Value) -> Result<Written> {
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
            self.target.list(&wanted.api_version, &wanted.kind, &wanted.namespace, "").await?;
        let hosts: Vec<_> =
            hosts_of(object).iter().map(|host| resolve(host, &wanted.namespace)).collect();
        // Of several for one host the oldest has its way.
        let other = (there.iter())
            .filter(|other| hosts.iter().any(|host| concerns(other, host)))
            .min_by_key(|other| {
                other.pointer("/metadata/creationTimestamp").and_then(Value::as_str)
            });
        match other {
            Some(other) => self.change(scope, subject, object, other, &open).await,
            None => {
                let stored = self.add(scope, subject, object).await?;
                Ok(Written { name: wanted, version: Some(version(&stored)), how: "added" })
            }
        }
    }

    /// Changes an object that this scenario added, and that is as it left it.
    async fn update(&self, entry: &Entry, name: &ObjectRef, object: &Value) -> Result<Written> {
        let there = self.target.get(name).await?.unwrap_or_default();
        if let Some(last) = &entry.stored {
            conflict(name, last, &there["spec"])?;
        }
        self.dead_man.check()?;
        let label = format!("/metadata/labels/{}", RUN_LABEL.replace('/', "~1"));
        let patch = json!([
            {"op": "test", "path": label, "value": self.run},
            {"op": "test", "path": "/spec", "value": there["spec"]},
            {"op": "replace", "path": "/spec", "value": object["spec"]},
        ]);
        let spec = &object["spec"];
        let changing = self.target.patch(name, patch_of(patch, name)?);
        let stored = self.written(name, changing, |now| same(&now["spec"], spec)).await?;
        self.journal.became(entry.id, &stored["spec"]);
        Ok(Written { name: name.clone(), version: Some(version(&stored)), how: "changed" })
    }

    /// Changes an Istio object that was there before.
    async fn change(
        &self,
        scope: Scope,
        subject: &str,
        object: &Value,
        there: &Value,
        open: &[Entry],
    ) -> Result<Written> {
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
    ) -> Result<Written> {
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
            return Ok(Written { name, version: None, how: "is so already" });
        }
        let covered = self.healers.cover(self, &name.namespace).await?;
        // A healer takes its time to start, and somebody may have been faster.
        let now = self.target.get(&name).await?.unwrap_or_default();
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
        let changing = self.target.patch(&name, patch);
        let stored = self.written(&name, changing, |now| same(&now["spec"], &spec)).await?;
        self.journal.done(id, stored.get("spec"));
        let how = if covered { "changed, was there before" } else { UNPROTECTED };
        Ok(Written { name, version: Some(version(&stored)), how })
    }

    /// Has a Deployment run so many pods.
    pub(super) async fn scale(
        &self,
        scope: Scope,
        name: &ObjectRef,
        replicas: u32,
    ) -> Result<Written> {
        let missing = || {
            Error::runner(format!("changing {name}"), "it is not there").hint(
                "`kubectl get deployments` shows what is; a workload that is only for a \
                       scenario must be deployed first",
            )
        };
        let there = self.target.get(name).await?.ok_or_else(missing)?;
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

    /// Whether an entry is of something that was changed and is none of Istio's: a Deployment, or
    /// what pods were told.
    pub(super) fn is_other(entry: &Entry) -> bool {
        match &entry.undo {
            Undo::Added { .. } => false,
            Undo::Changed { object, .. } => {
                !WAVES.iter().any(|kinds| kinds.contains(&&*object.kind))
            }
            Undo::Put { .. } => true,
        }
    }

    /// These entries of a scope.
    pub(super) fn others_changed(&self, scope: Scope) -> Vec<Entry> {
        self.journal.entries(|entry| entry.scope == scope && Self::is_other(entry))
    }

    /// What is not undone, for whoever has to leave at once.
    #[must_use]
    pub fn still_open(&self) -> Vec<String> {
        tasks(&self.journal.entries(|_| true)).iter().map(|task| task.what.to_string()).collect()
    }

    /// Undoes what is selected: VirtualServices before the DestinationRules they name, with the
    /// barrier between. Never stops at the first that fails.
    pub(super) async fn restore(&self, which: impl Fn(&Entry) -> bool) -> Restored {
        let tell = |_: &str| {};
        restore(&self.target, &self.journal, which, &tell).await
    }
}

/// Undoes what is selected of a journal.
pub(super) async fn restore(
    target: &Target,
    journal: &Journal,
    which: impl Fn(&Entry) -> bool,
    tell: &dyn Fn(&str),
) -> Restored {
    let mut undoing = Undoing {
        target,
        journal,
        run: journal.header().run,
        tell,
        failed: Vec::new(),
        restored: Restored::default(),
    };
    let budget = Budget::begin();
    let mut rest = tasks(&journal.entries(which));
    for wave in WAVES {
        let (now, later) = rest.into_iter().partition(|task| wave.contains(&task.kind()));
        rest = later;
        let now: Vec<_> = now;
        if now.is_empty() {
            continue;
        }
        let names: Vec<_> = now.iter().map(|task| task.what.to_string()).collect();
        for task in now {
            undoing.undo(task, budget).await;
        }
        if let Err(error) = settled(target, wave[0], &names, budget).await {
            let names = names.join(", ");
            let left = format!("the proxies may still act on {names}: {error}");
            undoing.restored.left_behind.push(left);
        }
    }
    let (last, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|task| task.kind() == LAST);
    for task in rest.into_iter().chain(last) {
        undoing.undo(task, budget).await;
    }
    undoing.once_more().await
}

/// A restore under way.
struct Undoing<'a> {
    target: &'a Target,
    journal: &'a Journal,
    run: String,
    tell: &'a dyn Fn(&str),
    /// What could not be undone so far, and why.
    failed: Vec<(Task, String)>,
    restored: Restored,
}

impl Undoing<'_> {
    /// Undoes one change; what cannot be undone is kept for later.
    async fn undo(&mut self, task: Task, budget: Budget) {
        if let Some(user) = self.user_of(&task).await {
            let why = format!("kept for {user}, which may send to it; {}", task.what.command());
            self.failed.push((task, why));
            return;
        }
        let what = &task.what;
        match perform(self.target, &self.run, what, budget).await {
            Ok(Performed::Done) => {
                self.journal.undone(&task.ids);
                self.restored.undone += u32::try_from(task.ids.len()).unwrap_or(u32::MAX);
                (self.tell)(&format!("undone: {what}"));
            }
            Ok(Performed::Stuck { why, command }) => {
                self.failed.push((task, format!("{why}; {command}")));
            }
            Err(error) => {
                let by_hand = what.command();
                self.failed.push((task, format!("{error}; by hand: {by_hand}")));
            }
        }
    }

    /// A VirtualService that could not be undone, if this would take away a DestinationRule for
    /// the same host: a route to a subset that nobody knows answers every request with 503, which
    /// is worse than the fault.
    async fn user_of(&self, task: &Task) -> Option<ObjectRef> {
        let What::Delete(object) = &task.what else { return None };
        if object.kind != "DestinationRule" || self.failed.is_empty() {
            return None;
        }
        // What cannot be read cannot be deleted either.
        let rule = self.target.get(object).await.ok()??;
        let host = resolve(hosts_of(&rule).first()?, &object.namespace);
        for user in self.failed.iter().filter_map(|(failed, _)| failed.object()) {
            let there = self.target.get(user).await.ok().flatten();
            if user.kind == "VirtualService" && there.is_some_and(|user| concerns(&user, &host)) {
                return Some(user.clone());
            }
        }
        None
    }

    /// Tries again what failed: whoever owned it may be gone by now and have taken it along. What
    /// then is left is left.
    async fn once_more(mut self) -> Restored {
        let budget = Budget::lasting(AFTERMATH);
        for (task, _) in std::mem::take(&mut self.failed) {
            self.undo(task, budget).await;
        }
        let left = self.failed.into_iter().map(|(task, why)| format!("{}: {why}", task.what));
        self.restored.left_behind.extend(left);
        self.restored
    }
}

/// Waits until every proxy knows what is now true of a kind.
pub(super) async fn settled(
    target: &Target,
    kind: &str,
    names: &[String],
    budget: Budget,
) -> Result<()> {
    retried(budget, async || {
        let (_, version) = target.list("networking.istio.io/v1", kind, "", "").await?;
        target.converged(&version, names).await.map(drop)
    })
    .await
}

/// Whether every proxy knows what is now true of all that a run configures; a line if not.
pub(super) async fn unsettled(target: &Target) -> Option<String> {
    let budget = Budget::begin();
    for wave in WAVES {
        let names = [format!("every {}", wave[0])];
        if let Err(error) = settled(target, wave[0], &names, budget).await {
            return Some(format!("the proxies may still act on what was undone: {error}"));
        }
    }
    None
}

// === impl Scenario ===

impl Scenario {
    /// Writes objects in order, each behind a barrier: a VirtualService must never name subsets
    /// that a proxy does not know yet.
    pub(super) async fn write(&mut self, run: &Run, objects: &[Value]) -> Result<()> {
        let names: Vec<_> = objects.iter().map(ObjectRef::of).collect::<Result<_>>()?;
        let list = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.enter(Phase::Disturb, list.join(", "))?;
        let (mut proxies, mut converged_ms, mut told) = (0, 0, Vec::new());
        if run.options.placebo {
            told = list.iter().map(|name| format!("{name} (withheld)")).collect();
        } else {
            self.remember(run).await?;
            for object in objects {
                let written = run.changes.configure(self.scope(), object).await?;
                let Written { name, version, how } = written;
                if let Some(version) = version {
                    self.tell_phase(Phase::Converge, name.to_string());
                    let converged = run.target.converged(&version, &[name.to_string()]).await?;
                    proxies = converged.proxies;
                    let took = u64::try_from(converged.took.as_millis()).unwrap_or(u64::MAX);
                    converged_ms = converged_ms.max(took);
                }
                told.push(format!("{name} ({how})"));
            }
        }
        let (scenario, objects, warnings) = (self.id, told, self.take_warnings());
        run.sink.tell(Event::Disturbed { scenario, objects, proxies, converged_ms, warnings });
        Ok(())
    }

    /// Takes back what this scenario configured for these objects.
    pub(super) async fn take_back(&self, run: &Run, which: impl Fn(&str) -> bool) -> Restored {
        let scope = self.scope();
        let istio = |entry: &Entry| {
            let kind = entry.undo.object().map_or("", |object| object.kind.as_str());
            WAVES.iter().any(|kinds| kinds.contains(&kind))
        };
        run.changes
            .restore(|entry| entry.scope == scope && istio(entry) && which(&entry.subject))
            .await
    }

    /// Everything else that this scenario added, newest first.
    pub(super) fn workloads_added(&self, run: &Run) -> Vec<ObjectRef> {
        let scope = self.scope();
        let entries = run.changes.journal.entries(|entry| entry.scope == scope);
        let added = entries.into_iter().rev().filter_map(|entry| match entry.undo {
            Undo::Added { object } => Some(object),
            Undo::Changed { .. } | Undo::Put { .. } => None,
        });
        added.filter(|object| !WAVES.iter().any(|kinds| kinds.contains(&&*object.kind))).collect()
    }

    /// Looks at what is there before the first change, whatever that is.
    pub(super) async fn remember(&mut self, run: &Run) -> Result<()> {
        if self.before.is_none() {
            let ground = Ground::of(&run.application)?;
            self.before = Some(Slate::of(&run.target, &ground, &run.id).await?);
        }
        Ok(())
    }

    /// What is not as it was before this scenario.
    pub(super) async fn stains(&mut self, run: &Run) -> Vec<String> {
        let Some(before) = self.before.take() else { return Vec::new() };
        match Ground::of(&run.application) {
            Ok(ground) => stains(&run.target, &ground, &run.id, &before, None).await,
            Err(error) => vec![error.to_string()],
        }
    }

    /// How many changes of this scenario are not undone.
    pub(super) fn changes_left(&self, run: &Run) -> u32 {
        let scope = self.scope();
        let left = run.changes.journal.entries(|entry| entry.scope == scope);
        u32::try_from(left.len()).unwrap_or(u32::MAX)
    }

    pub(super) const fn scope(&self) -> Scope {
        Scope::Scenario(self.id.0)
    }
}

/// Somebody else's edit is never overwritten.
fn conflict(name: &ObjectRef, wrote: &Value, now: &Value) -> Result<()> {
    if same(wrote, now) {
        return Ok(());
    }
    let lines = differences(wrote, now).join("; ");
    Err(Error::runner(
        format!("changing {name}"),
        format!("somebody else changed it: spec.{lines}"),
    )
    .hint("two hands on one object test nothing; what was there before the run keeps their edit"))
}

fn version(object: &Value) -> String {
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    version.unwrap_or_default().to_owned()
}

fn patch_of(operations: Value, name: &ObjectRef) -> Result<json_patch::Patch> {
    serde_json::from_value(operations)
        .map_err(|cause| Error::runner(format!("changing {name}"), cause))
}
