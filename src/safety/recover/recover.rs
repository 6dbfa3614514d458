//! The runs on this machine that died: found by their journals, and finished.

use std::path::Path;

use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::safety::journal;
use crate::safety::journal::{Earlier, Journal};
use crate::safety::recover::finish::{discard, finish};
use crate::safety::recover::healed::healed;
use crate::safety::restore::Restored;

/// What a recovery came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Runs that are finished now.
    pub finished: u32,
    /// Runs that still live, and were not touched.
    pub living: u32,
    /// What is left behind, or could not be read.
    pub left_behind: Vec<String>,
    /// What is put back, but not proven to be known by every proxy.
    pub unproven: Vec<String>,
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
            Ok(cluster) => finish(&cluster, &journal, damaged, dry_run, tell).await,
            Err(error) => Restored {
                left_behind: vec![format!(
                    "run {}: {error}; if that mesh is gone for good, remove {}",
                    header.run,
                    path.display()
                )],
                ..Restored::default()
            },
        };
        if finished.left_behind.is_empty() {
            recovered.finished += 1;
        }
        recovered.left_behind.extend(finished.left_behind);
        recovered.unproven.extend(finished.unproven);
    }
    Ok(recovered)
}

/// Looks for unfinished runs on this cluster before a run begins; finishes them if that is wanted,
/// and refuses otherwise.
pub(crate) async fn before_run(
    cluster: &Cluster,
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
        let doing = || format!("starting a run on {}", cluster.name());
        if !wanted && healed(cluster, &journal).await.unwrap_or(false) {
            discard(&journal, false, "its run died, and the mesh has undone all of it", tell)?;
            continue;
        }
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
        let finished = finish(cluster, &journal, damaged, false, tell).await;
        finished.into_result(&doing())?;
    }
    Ok(())
}
