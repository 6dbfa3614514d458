//! The mesh's folder below the one for temporary files. It is locked as long as its mesh lives: the
//! kernel frees the lock of a mesh that was killed, and by that the next one knows whose folder is
//! nobody's any more, and sweeps it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// Short, because the paths of Unix sockets in it are limited to 107 bytes.
const PREFIX: &str = "fl-";

/// Its lock. Empty until it is held, so that a folder which is just being made is nobody's prey.
const LOCK: &str = "lock";

/// A folder of temporary files with more entries than this is not searched to its end: sweeping
/// must not delay a start.
const ENTRIES_MAX: usize = 10_000;

/// A locked folder; removed when dropped.
#[derive(Debug)]
pub(super) struct Workdir {
    // Dropped in this order: nobody may take the folder for a stale one while it is removed.
    dir: TempDir,
    _lock: File,
}

// === impl Workdir ===

impl Workdir {
    /// Makes one in the user's folder for temporary files, and sweeps what killed meshes left.
    pub(super) fn make() -> io::Result<Self> {
        Self::make_in(&std::env::temp_dir())
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        // What cannot be swept is another day's: a start does not depend on it.
        if let Err(error) = sweep(parent) {
            tracing::debug!("{} was not swept: {error}", parent.display());
        }
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let mut lock = File::create_new(dir.path().join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        lock.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(Self { dir, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes the folders of meshes that ended without doing it themselves.
fn sweep(parent: &Path) -> io::Result<()> {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent)?.take(ENTRIES_MAX) {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        // Not through a symbolic link, and nothing of another user's.
        let ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == me);
        if !ours {
            continue;
        }
        let path = entry.path();
        let Some(_held) = abandoned(&path.join(LOCK)) else { continue };
        if let Err(error) = fs::remove_dir_all(&path) {
            tracing::debug!("{} was not removed: {error}", path.display());
        }
    }
    Ok(())
}

/// The lock of a folder whose mesh is gone, now held by us. A folder without one, or with one that
/// was never held, is not known to be a mesh's.
fn abandoned(lock: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).open(lock).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_gone_mesh_left_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let alive = Workdir::make_in(parent.path()).unwrap();
        let folder = |name: &str, lock: Option<&str>| {
            let path = parent.path().join(name);
            fs::create_dir_all(path.join("7/out")).unwrap();
            if let Some(text) = lock {
                fs::write(path.join(LOCK), text).unwrap();
            }
            path
        };
        let stale = folder("fl-stale", Some("1\n"));
        let foreign = folder("fl-foreign", None);
        let begun = folder("fl-begun", Some(""));
        let other = folder("other", Some("1\n"));
        std::os::unix::fs::symlink(&other, parent.path().join("fl-link")).unwrap();

        let next = Workdir::make_in(parent.path()).unwrap();
        assert!(!stale.exists());
        for kept in [alive.path(), next.path(), &foreign, &begun, &other] {
            assert!(kept.exists(), "{}", kept.display());
        }
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists() && alive.path().exists());
    }
}
