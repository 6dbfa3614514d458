//! The one hand that writes into a mesh: what is not there is added, what is there is changed, each
//! only after the journal knows how to undo it; and the same hand takes all of it back.

mod overlay;

use reports::{Event, Phase};
use serde_json::{Value, json};

use super::Scenario;
use super::clean_slate::{Slate, stains};
use super::compare::{differences, same};
use super::dead_man::DeadMan;
use super::guard::namespaces;
use super::journal::{
    Budget, Entry, Journal, Marks, Performed, Restored, Scope, Undo, perform, retried, tasks,
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

/// The kind that goes last: the dead-man's switches that own everything else.
const LAST: &str = "Job";

/// What a run writes with.
#[derive(Debug, Clone)]
pub struct Changes {
    run: String,
    target: Target,
    journal: Journal,
    dead_man: DeadMan,
    adopt: bool,
}

/// What became of a write.
#[derive(Debug)]
struct Written {
    name: ObjectRef,
    /// The resource version from which on a proxy knows it; `None` when nothing had to be changed.
    version: Option<String>,
    how: &'static str,
}

// === impl Changes ===

impl Changes {
    pub(super) const fn new(
        run: String,
        target: Target,
        journal: Journal,
        dead_man: DeadMan,
        adopt: bool,
    ) -> Self {
        Self { run, target, journal, dead_man, adopt }
    }

    /// Adds an object that is not there yet, owned by the dead-man's switch.
    pub(super) async fn add(&self, scope: Scope, subject: &str, object: &Value) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let mut object = object.clone();
        let owner = self.dead_man.owner(&self.target, &self.journal, &name).await?;
        if let Some(owner) = owner {
            object["metadata"]["ownerReferences"] = json!([owner]);
        }
        self.dead_man.check()?;
        let id = self.journal.intend(scope, subject, Undo::Added { object: name })?;
        let stored = self.target.create(&object).await?;
        self.journal.done(id, stored.get("spec"));
        Ok(stored)
    }

    /// Records how to undo what is about to be told to pods by `PUT`.
    pub async fn told<T>(
        &self,
        scope: Scope,
        subject: &str,
        undo: Undo,
        tell: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.dead_man.check()?;
        let id = self.journal.intend(scope, subject, undo)?;
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
        if open.iter().any(|entry| ours(&entry)) {
            return self.update(&wanted, object).await;
        }
        let (there, _) =
            self.target.list(&wanted.api_version, &wanted.kind, &wanted.namespace, "").await?;
        let hosts: Vec<_> =
            hosts(object).iter().map(|host| qualified(host, &wanted.namespace)).collect();
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

    /// Changes an object that this scenario added.
    async fn update(&self, name: &ObjectRef, object: &Value) -> Result<Written> {
        self.dead_man.check()?;
        let label = format!("/metadata/labels/{}", RUN_LABEL.replace('/', "~1"));
        let patch = json!([
            {"op": "test", "path": label, "value": self.run},
            {"op": "replace", "path": "/spec", "value": object["spec"]},
        ]);
        let stored = self.target.patch(name, patch_of(patch, name)?).await?;
        Ok(Written { name: name.clone(), version: Some(version(&stored)), how: "changed" })
    }

    /// Changes an object that was there before.
    async fn change(
        &self,
        scope: Scope,
        subject: &str,
        object: &Value,
        there: &Value,
        open: &[Entry],
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
        // Configuration that a feature brought as it is replaces what is there as it is.
        let generated = ObjectRef::of(object)?.name.starts_with(GENERATED);
        let spec = match generated {
            true => overlay::overlay(&name.kind, &before["spec"], &object["spec"])?,
            false => object["spec"].clone(),
        };
        if same(&spec, &there["spec"]) {
            return Ok(Written { name, version: None, how: "is so already" });
        }
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
        let stored = self.target.patch(&name, patch).await?;
        self.journal.done(id, stored.get("spec"));
        Ok(Written { name, version: Some(version(&stored)), how: "changed, was there before" })
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
    let run = journal.header().run;
    let (budget, mut restored) = (Budget::begin(), Restored::default());
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
            undo_one(target, journal, &run, &task, budget, &mut restored, tell).await;
        }
        if let Err(error) = settled(target, wave[0], &names, budget).await {
            let names = names.join(", ");
            restored.left_behind.push(format!("the proxies may still act on {names}: {error}"));
        }
    }
    let (last, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|task| task.kind() == LAST);
    for task in rest.into_iter().chain(last) {
        undo_one(target, journal, &run, &task, budget, &mut restored, tell).await;
    }
    restored
}

async fn undo_one(
    target: &Target,
    journal: &Journal,
    run: &str,
    task: &super::journal::Task,
    budget: Budget,
    restored: &mut Restored,
    tell: &dyn Fn(&str),
) {
    let what = &task.what;
    match perform(target, run, what, budget).await {
        Ok(Performed::Done) => {
            journal.undone(&task.ids);
            restored.undone += u32::try_from(task.ids.len()).unwrap_or(u32::MAX);
            tell(&format!("undone: {what}"));
        }
        Ok(Performed::Stuck { why, command }) => {
            restored.left_behind.push(format!("{what}: {why}; {command}"));
        }
        Err(error) => {
            restored.left_behind.push(format!("{what} ({error}); by hand: {}", what.command()));
        }
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

// === impl Scenario ===

impl Scenario {
    /// Writes objects in order, each behind a barrier: a VirtualService must never name subsets
    /// that a proxy does not know yet.
    pub(super) async fn write(&mut self, run: &Run, objects: &[Value]) -> Result<()> {
        let names: Vec<_> = objects.iter().map(ObjectRef::of).collect::<Result<_>>()?;
        let list = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.enter(Phase::Disturb, list.join(", "))?;
        self.evidence = None;
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
        run.sink.tell(Event::Disturbed { scenario: self.id, objects: told, proxies, converged_ms });
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
            let namespaces = namespaces(&run.application)?;
            self.before = Some(Slate::of(&run.target, &namespaces, &run.id).await?);
        }
        Ok(())
    }

    /// What is not as it was before this scenario.
    pub(super) async fn stains(&mut self, run: &Run) -> Vec<String> {
        let Some(before) = self.before.take() else { return Vec::new() };
        match namespaces(&run.application) {
            Ok(namespaces) => stains(&run.target, &namespaces, &run.id, &before, false).await,
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
    .hint("two hands on one object test nothing; their edit is kept"))
}

fn version(object: &Value) -> String {
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    version.unwrap_or_default().to_owned()
}

fn patch_of(operations: Value, name: &ObjectRef) -> Result<json_patch::Patch> {
    serde_json::from_value(operations)
        .map_err(|cause| Error::runner(format!("changing {name}"), cause))
}

/// The hosts that an object is about.
fn hosts(object: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match object["kind"].as_str() {
        Some("VirtualService") => {
            object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(text).collect()
        }
        _ => text(&object["spec"]["host"]).into_iter().collect(),
    }
}

/// A host as the mesh knows it, when it is spelled as a service's name alone.
fn qualified(host: &str, namespace: &str) -> String {
    match host.contains('.') || host.contains('*') {
        true => host.to_owned(),
        false => format!("{host}.{namespace}.svc.cluster.local"),
    }
}

/// Whether an object is about this fully qualified host, however it spells it.
fn concerns(object: &Value, host: &str) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    hosts(object).iter().any(|spelled| {
        spelled == host
            || format!("{spelled}.svc.cluster.local") == host
            || format!("{spelled}.cluster.local") == host
            || format!("{spelled}.{namespace}.svc.cluster.local") == host
    })
}
