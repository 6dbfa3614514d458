//! Where journals lie on this machine, and which there are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// More journals than this are not looked at.
const FILES_MAX: usize = 10_000;

/// How the name of a journal's file ends.
pub(crate) const EXTENSION: &str = "journal";

/// Where journals are: `$XDG_STATE_HOME/faultless`, by default `~/.local/state/faultless`.
pub(crate) fn state_folder() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = match (named("XDG_STATE_HOME"), named("HOME")) {
        (Some(state), _) => PathBuf::from(state),
        (None, Some(home)) => PathBuf::from(home).join(".local/state"),
        (None, None) => {
            let cause = "neither XDG_STATE_HOME nor HOME is set";
            return Err(Error::runner("finding the journal's folder", cause));
        }
    };
    Ok(state.join("faultless"))
}

/// All journals in a folder's sub-folders, or in one of them.
pub(crate) fn journals(state: &Path, key: Option<&str>) -> Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let failed = |cause| Error::runner(format!("looking into {}", folder.display()), cause);
        match fs::read_dir(folder) {
            Ok(entries) => entries
                .take(FILES_MAX)
                .map(|entry| entry.map(|entry| entry.path()).map_err(failed))
                .collect(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => Err(failed(cause)),
        }
    };
    let folders = match key {
        Some(key) => vec![state.join(key)],
        None => list(state)?.into_iter().filter(|path| path.is_dir()).collect(),
    };
    let mut found = Vec::new();
    for folder in folders {
        found.extend(
            list(&folder)?.into_iter().filter(|path| path.extension() == Some(EXTENSION.as_ref())),
        );
    }
    found.sort();
    Ok(found)
}
