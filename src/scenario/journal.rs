//! What was done and how to undo it, newest last. Only this file undoes. The intent is recorded
//! before the write, because an answer can be lost after the write took effect.
//!
//! The journal lives as long as its run; the one that survives the run's own death is written to
//! disk at the place marked by `Journal::intend`.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::faults::RUN_LABEL;
use crate::target::Target;
use crate::target::objects::ObjectRef;

/// Undoing one change is tried this often: an API server that restarts is back within the sum of
/// the pauses (about 30 s), one that stays away is reported.
const ATTEMPTS: u32 = 8;

/// The first pause between two attempts; each next one is twice as long, up to `PAUSE_MAX`.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The undo of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The object did not exist before: delete it, if it still is this run's.
    Delete(ObjectRef),
}

/// The changes of one owner (a scenario, or the run itself), oldest first.
#[derive(Debug)]
pub struct Journal {
    run: String,
    entries: Vec<Undo>,
}

/// What a restore came to.
#[derive(Debug, Default)]
pub struct Restored {
    /// Changes undone.
    pub undone: u32,
    /// What is still there, each with the command that would remove it.
    pub left_behind: Vec<String>,
}

// === impl Journal ===

impl Journal {
    /// An empty journal of a run.
    #[must_use]
    pub fn new(run: &str) -> Self {
        Self { run: run.to_owned(), entries: Vec::new() }
    }

    /// Records how to undo what is about to be done.
    pub fn intend(&mut self, undo: Undo) {
        self.entries.push(undo);
    }

    /// Whether there is anything to undo.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Objects this journal would delete, newest first.
    pub fn added(&self) -> impl Iterator<Item = &ObjectRef> {
        self.entries.iter().rev().map(|Undo::Delete(object)| object)
    }

    /// Undoes everything that `which` selects, newest first; what fails stays in the journal.
    pub async fn undo(&mut self, target: &Target, which: impl Fn(&ObjectRef) -> bool) -> Restored {
        let mut restored = Restored::default();
        let mut kept = Vec::new();
        while let Some(entry) = self.entries.pop() {
            let Undo::Delete(object) = &entry;
            if !which(object) {
                kept.push(entry);
                continue;
            }
            match delete(target, object, &self.run).await {
                Ok(()) => restored.undone += 1,
                Err(error) => {
                    let command = object.delete_command();
                    restored.left_behind.push(format!("{object} ({error}); remove it: {command}"));
                    kept.push(entry);
                }
            }
        }
        kept.reverse();
        self.entries = kept;
        restored
    }
}

/// Deletes an object of this run, again and again within a bound; gone already is good.
async fn delete(target: &Target, object: &ObjectRef, run: &str) -> Result<()> {
    let mut pause = PAUSE;
    let mut attempt = 1;
    loop {
        match delete_once(target, object, run).await {
            Ok(()) => return Ok(()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => {}
        }
        attempt += 1;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn delete_once(target: &Target, object: &ObjectRef, run: &str) -> Result<()> {
    let Some(found) = target.get(object).await? else { return Ok(()) };
    let label = found.pointer("/metadata/labels").and_then(|labels| labels.get(RUN_LABEL));
    if label.and_then(Value::as_str) != Some(run) {
        // Somebody replaced it by an object of their own; that is theirs to keep.
        return Ok(());
    }
    let uid = found.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    target.delete(object, uid).await?;
    // A foreign finalizer lets DELETE answer 200 and keeps the object.
    match target.get(object).await? {
        Some(still) if still.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid) => {
            if object.kind == "Deployment" || object.kind == "Pod" {
                return Ok(()); // Pods end in their own time.
            }
            Err(Error::left_behind(format!("deleting {object}"), "it is still there"))
        }
        _ => Ok(()),
    }
}
