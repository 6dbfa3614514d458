//! Finishing one run that died, from its journal: the same undo, by another process.

use std::path::PathBuf;

use crate::cluster::Cluster;
use crate::error::Result;
use crate::safety::journal::{Journal, host};
use crate::safety::lease;
use crate::safety::leftovers::marked;
use crate::safety::restore::{Restored, restore};
use crate::safety::undo::{Budget, retried, undo_steps};

/// Removes a journal that has nothing to undo any more, and says why that is so.
pub(crate) fn discard(
    journal: &Journal,
    dry_run: bool,
    why: &str,
    tell: &dyn Fn(&str),
) -> Result<()> {
    let path: PathBuf = journal.path();
    if dry_run {
        tell(&format!("would remove {}: {why}", path.display()));
        return Ok(());
    }
    let ids: Vec<u64> = journal.entries(|_| true).iter().map(|entry| entry.id).collect();
    journal.undone(&ids);
    journal.close()?;
    tell(&format!("removed {}: {why}", path.display()));
    Ok(())
}

/// Finishes one run; answers what is left behind, and what is not proven.
pub(crate) async fn finish(
    cluster: &Cluster,
    journal: &Journal,
    damaged: u32,
    dry_run: bool,
    tell: &dyn Fn(&str),
) -> Restored {
    let header = journal.header();
    let run = &header.run;
    let mut finished = Restored::default();
    if header.host != host() {
        // Its lock says nothing here: a home may be shared between machines.
        let alive = lease::living(cluster, &header.namespaces).await;
        if !alive.is_ok_and(|living| living.iter().all(|holder| holder.run != *run)) {
            finished.left_behind.push(format!("run {run} may still live on {}", header.host));
            return finished;
        }
    }
    if dry_run {
        for step in undo_steps(&journal.entries(|_| true)) {
            tell(&format!("run {run}: would undo {}", step.what));
        }
        tell(&format!("run {run}: would give back its Lease and remove its journal"));
        return finished;
    }
    finished =
        restore(cluster, journal, |_| true, &|what| tell(&format!("run {run}: {what}"))).await;
    let left = &mut finished.left_behind;
    if left.is_empty() {
        // Also what a damaged record would have told.
        *left = marked(cluster, &header.namespaces, run).await;
    }
    if let Some(namespace) = header.namespaces.first() {
        let released =
            retried(Budget::begin(), async || lease::release(cluster, namespace, run).await).await;
        if let Err(error) = released {
            left.push(format!("its Lease in {namespace}: {error}"));
        }
    }
    if damaged > 0 && left.is_empty() {
        tell(&format!(
            "run {run}: {damaged} records of its journal are damaged (a torn last one announces \
             nothing that was done); `faultless sweep` finds whatever they would have told"
        ));
    }
    match journal.close() {
        Ok(true) => tell(&format!("run {run} is finished")),
        Ok(false) => left.push(format!("its journal stays: {}", journal.path().display())),
        Err(error) => left.push(error.to_string()),
    }
    finished
}
