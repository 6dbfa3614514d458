//! Finishing a run that died, from its journal: the same undo, by another process.

use std::path::{Path, PathBuf};

use super::changes::restore;
use super::clean_slate::marked;
use super::guard::host;
use super::journal::{self, Budget, Earlier, Journal, retried, tasks};
use super::lease;
use crate::cluster::Cluster;
use crate::error::{Error, Result};

/// What a recovery came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Runs that are finished now.
    pub finished: u32,
    /// Runs that still live, and were not touched.
    pub living: u32,
    /// What is left behind, or could not be read.
    pub left_behind: Vec<String>,
}

/// Finishes every run on this machine that died. With `dry_run` it only tells what it would do.
pub async fn recover(dry_run: bool, tell: &dyn Fn(&str)) -> Result<Recovered> {
    let state = journal::state_folder()?;
    let mut recovered = Recovered::default();
    for path in journal::journals(&state, None)? {
        let (journal, damaged) = match Journal::reopen(&path) {
            Ok(Earlier::Alive) => {
                tell(&format!("{} belongs to a run that still lives", path.display()));
                recovered.living += 1;
                continue;
            }
            Ok(Earlier::Nothing(journal)) => {
                discard(&journal, dry_run, "it died before its first change", tell)?;
                recovered.finished += 1;
                continue;
            }
            Ok(Earlier::Unfinished(journal, damaged)) => (journal, damaged),
            Err(error) => {
                recovered.left_behind.push(error.to_string());
                continue;
            }
        };
        let header = journal.header();
        if header.own_mesh {
            discard(&journal, dry_run, "its local mesh ended with it", tell)?;
            recovered.finished += 1;
            continue;
        }
        let finished = match Cluster::context(&header.context, header.kubeconfig.as_deref()).await {
            Ok(target) => finish(&target, &journal, damaged, dry_run, tell).await,
            Err(error) => vec![format!(
                "run {}: {error}; if that mesh is gone for good, remove {}",
                header.run,
                path.display()
            )],
        };
        if finished.is_empty() {
            recovered.finished += 1;
        }
        recovered.left_behind.extend(finished);
    }
    Ok(recovered)
}

/// Looks for unfinished runs of this target before a run begins; finishes them if that is wanted,
/// and refuses otherwise.
pub(super) async fn before_run(
    target: &Cluster,
    state: &Path,
    key: &str,
    wanted: bool,
    tell: &dyn Fn(&str),
) -> Result<()> {
    for path in journal::journals(state, Some(key))? {
        let (journal, damaged) = match Journal::reopen(&path)? {
            // Its Lease tells whether there is room for two.
            Earlier::Alive => continue,
            Earlier::Nothing(journal) => {
                journal.close()?;
                continue;
            }
            Earlier::Unfinished(journal, damaged) => (journal, damaged),
        };
        let header = journal.header();
        if header.own_mesh {
            // An earlier mesh had the same address, and ended with its run.
            discard(&journal, false, "its local mesh ended with it", tell)?;
            continue;
        }
        let doing = || format!("starting a run on {}", target.name());
        if !wanted {
            let cause = format!(
                "run {} of {} died and is not undone: {}",
                header.run,
                header.begun,
                path.display()
            );
            let hint = "`faultless recover` finishes it; `faultless run --recover` does so first";
            return Err(Error::runner(doing(), cause).hint(hint));
        }
        let left = finish(target, &journal, damaged, false, tell).await;
        if !left.is_empty() {
            return Err(Error::left_behind(doing(), left.join("; ")));
        }
    }
    Ok(())
}

fn discard(journal: &Journal, dry_run: bool, why: &str, tell: &dyn Fn(&str)) -> Result<()> {
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

/// Finishes one run; answers what is left behind.
async fn finish(
    target: &Cluster,
    journal: &Journal,
    damaged: u32,
    dry_run: bool,
    tell: &dyn Fn(&str),
) -> Vec<String> {
    let header = journal.header();
    let run = &header.run;
    if header.host != host() {
        // Its lock says nothing here: a home may be shared between machines.
        let alive = lease::living(target, &header.namespaces).await;
        if !alive.is_ok_and(|living| living.iter().all(|holder| holder.run != *run)) {
            return vec![format!("run {run} may still live on {}", header.host)];
        }
    }
    if dry_run {
        for task in tasks(&journal.entries(|_| true)) {
            tell(&format!("run {run}: would undo {}", task.what));
        }
        tell(&format!("run {run}: would give back its Lease and remove its journal"));
        return Vec::new();
    }
    let mut left = restore(target, journal, |_| true, &|what| tell(&format!("run {run}: {what}")))
        .await
        .left_behind;
    if left.is_empty() {
        // Also what a damaged record would have told.
        left = marked(target, &header.namespaces, run).await;
    }
    if let Some(namespace) = header.namespaces.first() {
        let released =
            retried(Budget::begin(), async || lease::release(target, namespace, run).await).await;
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
    left
}
