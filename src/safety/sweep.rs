//! Cleaning a mesh with no journal, from any machine: whatever carries our labels and annotations
//! and belongs to no living run is restored or deleted.

use serde_json::Value;

use crate::cluster::{Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};
use crate::safety::lease;
use crate::safety::settle::settled;
use crate::safety::undo::{Budget, Marks, UndoAction, UndoOutcome, UndoStep, perform, retried};

/// What may be ours, in the order in which it is taken away: what names something before what is
/// named, and the owners last.
const KINDS: &[(&str, &str)] = &[
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("batch/v1", "Job"),
    ("coordination.k8s.io/v1", "Lease"),
];

/// Kinds whose absence a proxy must have heard of before the next kind goes.
const SETTLED: &[&str] = &["VirtualService", "DestinationRule"];

/// What a sweep cannot know.
const UNKNOWN: &str = "not known here: what a run told clients (their settings) is in the memory \
                       of their pods; `faultless recover` on the run's machine gives it back, \
                       and pods that are replaced forget it";

/// What a sweep came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects restored or deleted.
    pub undone: u32,
    /// Objects of living runs, not touched.
    pub living: u32,
    /// What could not be undone.
    pub left_behind: Vec<String>,
}

/// Sweeps these namespaces (none named: all). With `dry_run` it only tells what it would do.
///
/// # Errors
///
/// When it is not known which runs live, and so nothing may be touched.
pub async fn sweep(
    cluster: &Cluster,
    namespaces: &[String],
    dry_run: bool,
    tell: &dyn Fn(&str),
) -> Result<Swept> {
    // Everywhere: the Lease of a run is in one namespace, its objects may be in others.
    let living = lease::living(cluster, &[]).await.map_err(|error| {
        error.hint(
            "a sweep has to know which runs live, from the Leases of all namespaces: it needs the \
             right to list them for the whole cluster",
        )
    })?;
    for holder in &living {
        tell(&format!("{} lives and is not touched", holder.who));
    }
    let everywhere = [String::new()];
    let namespaces = if namespaces.is_empty() { &everywhere[..] } else { namespaces };
    let (budget, mut swept) = (Budget::begin(), Swept::default());
    for (api_version, kind) in KINDS {
        let (mut names, mut within) = (Vec::new(), String::new());
        for namespace in namespaces {
            let listed = retried(budget, async || {
                cluster.list(api_version, kind, namespace, "").await.map(|(objects, _)| objects)
            });
            let objects = match listed.await {
                Ok(objects) => objects,
                Err(error) => {
                    let cause = format!("whether a {kind} of ours is left is not known: {error}");
                    swept.left_behind.push(cause);
                    continue;
                }
            };
            for object in objects.iter().filter(|object| is_ours(object)) {
                let run = label(object, RUN_LABEL).unwrap_or_default().to_owned();
                if living.iter().any(|holder| holder.run == run) {
                    swept.living += 1;
                    continue;
                }
                if dry_run {
                    match step(object)? {
                        Some(what) => tell(&format!("run {run}: would undo {what}")),
                        None => swept.left_behind.push(unreadable(object)?),
                    }
                    continue;
                }
                within = ObjectRef::of(object)?.namespace;
                names.extend(undo(cluster, &run, object, budget, &mut swept, tell).await);
            }
        }
        if !names.is_empty()
            && SETTLED.contains(kind)
            && let Err(error) = settled(cluster, &within, &names, budget).await
        {
            let names = names.join(", ");
            swept.left_behind.push(format!("the proxies may still act on {names}: {error}"));
        }
    }
    if swept.undone > 0 {
        tell(UNKNOWN);
    }
    Ok(swept)
}

/// Undoes what a run did to one object, as its labels and annotations say; answers its name if they
/// say it.
pub(crate) async fn undo(
    cluster: &Cluster,
    run: &str,
    object: &Value,
    budget: Budget,
    swept: &mut Swept,
    tell: &dyn Fn(&str),
) -> Option<String> {
    let what = match step(object) {
        Ok(Some(what)) => what,
        Ok(None) => {
            swept.left_behind.extend(unreadable(object).ok());
            return None;
        }
        Err(error) => {
            swept.left_behind.push(error.to_string());
            return None;
        }
    };
    match perform(cluster, run, &what, budget).await {
        Ok(UndoOutcome::Done) => {
            swept.undone += 1;
            tell(&format!("run {run}: undone: {what}"));
        }
        Ok(UndoOutcome::Stuck { why, command }) => {
            swept.left_behind.push(format!("{what}: {why}; {command}"));
        }
        Err(error) => {
            swept.left_behind.push(format!("{what} ({error}); by hand: {}", what.command()));
        }
    }
    Some(what.to_string())
}

fn unreadable(object: &Value) -> Result<String> {
    let name = ObjectRef::of(object)?;
    Ok(format!("{name}: its annotations do not say what it was; look at it by hand"))
}

/// How an object of ours is undone: what we made is deleted, what we changed is restored.
fn step(object: &Value) -> Result<Option<UndoAction>> {
    if label(object, MANAGED_BY.0) == Some(MANAGED_BY.1) {
        return Ok(Some(UndoAction::Delete(ObjectRef::of(object)?)));
    }
    Ok(Marks::step(object).map(|UndoStep { ids: _, what }| what))
}

fn is_ours(object: &Value) -> bool {
    let made = label(object, MANAGED_BY.0) == Some(MANAGED_BY.1);
    (made && label(object, RUN_LABEL).is_some()) || Marks::on(object)
}

fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    let labels = object.pointer("/metadata/labels")?;
    labels.get(key)?.as_str()
}
