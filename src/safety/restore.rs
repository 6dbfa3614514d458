//! Undoing what a journal has: in waves, with the barrier between, never stopping at the first that
//! fails, and once more at the end.

use std::time::Duration;

use istio::{concerns, hosts_of, resolve};

use crate::cluster::{Cluster, ObjectRef};
use crate::safety::journal::{Entry, Journal};
use crate::safety::settle::settled;
use crate::safety::undo::{Budget, UndoAction, UndoOutcome, UndoStep, perform, undo_steps};
use crate::safety::waves::WAVES;

/// How long to try once more what failed: a garbage collector takes a second or two.
const AFTERMATH: Duration = Duration::from_secs(5);

/// The kind that goes last: the dead-man's switches that own everything else.
const LAST: &str = "Job";

/// What a restore came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Changes undone.
    pub undone: u32,
    /// What is still there, each with the command that would remove it.
    pub left_behind: Vec<String>,
}

/// Undoes what is selected of a journal.
pub(crate) async fn restore(
    cluster: &Cluster,
    journal: &Journal,
    which: impl Fn(&Entry) -> bool,
    tell: &dyn Fn(&str),
) -> Restored {
    let mut undoing = Undoing {
        cluster,
        journal,
        run: journal.header().run,
        tell,
        failed: Vec::new(),
        restored: Restored::default(),
    };
    let budget = Budget::begin();
    let mut rest = undo_steps(&journal.entries(which));
    for wave in WAVES {
        let (now, later) = rest.into_iter().partition(|step| wave.contains(&step.kind()));
        rest = later;
        let now: Vec<_> = now;
        if now.is_empty() {
            continue;
        }
        let names: Vec<_> = now.iter().map(|step| step.what.to_string()).collect();
        let namespace =
            now.iter().find_map(UndoStep::object).map(|object| object.namespace.clone());
        let namespace = namespace.unwrap_or_default();
        for step in now {
            undoing.undo(step, budget).await;
        }
        if let Err(error) = settled(cluster, &namespace, &names, budget).await {
            let names = names.join(", ");
            let left = format!("the proxies may still act on {names}: {error}");
            undoing.restored.left_behind.push(left);
        }
    }
    let (last, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|step| step.kind() == LAST);
    for step in rest.into_iter().chain(last) {
        undoing.undo(step, budget).await;
    }
    undoing.once_more().await
}

/// A restore under way.
struct Undoing<'a> {
    cluster: &'a Cluster,
    journal: &'a Journal,
    run: String,
    tell: &'a dyn Fn(&str),
    /// What could not be undone so far, and why.
    failed: Vec<(UndoStep, String)>,
    restored: Restored,
}

// === impl Undoing ===

impl Undoing<'_> {
    /// Undoes one change; what cannot be undone is kept for later.
    async fn undo(&mut self, step: UndoStep, budget: Budget) {
        if let Some(user) = self.user_of(&step).await {
            let why = format!("kept for {user}, which may send to it; {}", step.what.command());
            self.failed.push((step, why));
            return;
        }
        let what = &step.what;
        match perform(self.cluster, &self.run, what, budget).await {
            Ok(UndoOutcome::Done) => {
                self.journal.undone(&step.ids);
                self.restored.undone += u32::try_from(step.ids.len()).unwrap_or(u32::MAX);
                (self.tell)(&format!("undone: {what}"));
            }
            Ok(UndoOutcome::Stuck { why, command }) => {
                self.failed.push((step, format!("{why}; {command}")));
            }
            Err(error) => {
                let by_hand = what.command();
                self.failed.push((step, format!("{error}; by hand: {by_hand}")));
            }
        }
    }

    /// A VirtualService that could not be undone, if this would take away a DestinationRule for
    /// the same host: a route to a subset that nobody knows answers every request with 503, which
    /// is worse than the fault.
    async fn user_of(&self, step: &UndoStep) -> Option<ObjectRef> {
        let UndoAction::Delete(object) = &step.what else { return None };
        if object.kind != "DestinationRule" || self.failed.is_empty() {
            return None;
        }
        // What cannot be read cannot be deleted either.
        let rule = self.cluster.get(object).await.ok()??;
        let host = resolve(hosts_of(&rule).first()?, &object.namespace);
        for user in self.failed.iter().filter_map(|(failed, _)| failed.object()) {
            let there = self.cluster.get(user).await.ok().flatten();
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
        for (step, _) in std::mem::take(&mut self.failed) {
            self.undo(step, budget).await;
        }
        let left = self.failed.into_iter().map(|(step, why)| format!("{}: {why}", step.what));
        self.restored.left_behind.extend(left);
        self.restored
    }
}
