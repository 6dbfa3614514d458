//! A journal's file: made, locked, appended to and synced before anything else happens. The lock is
//! how anybody on this machine knows whether the run still lives: the kernel lets go of it when the
//! process ends, however it ends.

use std::fs;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::safety::journal::failpoint::{Failpoint, Moment};
use crate::safety::journal::folder::EXTENSION;
use crate::safety::journal::record;
use crate::safety::journal::record::{Content, Record};

/// A journal larger than this is none: a run changes some dozens of objects of some kilobytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;

/// How often a journal is tried to be made while its folder is removed by others: each of them has
/// to end in the very moment between two calls.
const CREATE_TRIES: u32 = 3;

/// An open journal, locked by this process.
#[derive(Debug)]
pub(crate) struct JournalFile {
    path: PathBuf,
    file: File,
    /// How many records this process appended.
    appended: u64,
    /// Whether the last line may be torn: what follows must not become part of it.
    torn: bool,
    failpoint: Failpoint,
}

/// What opening an old journal found.
#[derive(Debug)]
pub(crate) enum Found {
    /// Its run still lives.
    Alive,
    /// Its run is dead; this process has it now.
    Dead(JournalFile, Content),
}

// === impl JournalFile ===

impl JournalFile {
    /// Makes a new journal, synced with its folder before anything is written into it.
    pub(crate) fn create(state: &Path, key: &str, run: &str) -> Result<Self> {
        let folder = state.join(key);
        let path = folder.join(format!("{run}.{EXTENSION}"));
        let failed = |cause: std::io::Error| {
            Error::runner(format!("making the journal {}", path.display()), cause).hint(
                "nothing was changed; a run that could not undo itself does not start. \
                 XDG_STATE_HOME names another folder",
            )
        };
        let mut file = create_locked(&folder, &path);
        for _ in 1..CREATE_TRIES {
            // Another run that ends removes the folder when nothing is in it.
            match &file {
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                    file = create_locked(&folder, &path);
                }
                Ok(_) | Err(_) => break,
            }
        }
        let file = file.map_err(failed)?;
        for folder in [folder.as_path(), state] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(Self { path, file, appended: 0, torn: false, failpoint: Failpoint::from_environment() })
    }

    /// Opens the journal of an earlier run.
    pub(crate) fn open(path: &Path) -> Result<Found> {
        let failed = |cause: std::io::Error| {
            Error::runner(format!("reading the journal {}", path.display()), cause)
        };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(Found::Alive),
            Err(fs::TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let mut bytes = Vec::new();
        (&file).take(FILE_MAX).read_to_end(&mut bytes).map_err(failed)?;
        let content = record::decode(&bytes);
        if let Some(format) = content.newer {
            let cause = format!("its format {format} is newer than {}", record::FORMAT);
            return Err(Error::runner(format!("reading the journal {}", path.display()), cause)
                .hint("a newer Faultless wrote it; finish it with that one: faultless recover"));
        }
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let torn = bytes.last().is_some_and(|last| *last != b'\n');
        let path = path.to_owned();
        Ok(Found::Dead(
            Self { path, file, appended: 0, torn, failpoint: Failpoint::from_environment() },
            content,
        ))
    }

    /// Appends a record and syncs it; answers its place among this process's records.
    pub(crate) fn append(&mut self, record: &Record) -> Result<u64> {
        let failed = |cause: &dyn std::fmt::Display| {
            Error::runner(format!("writing the journal {}", self.path.display()), cause)
                .hint("without its journal a change is not made")
        };
        let mut line = record::encode(record).map_err(|cause| failed(&cause))?;
        if self.torn {
            line.insert(0, '\n');
        }
        let place = self.appended;
        self.failpoint.reached(place, Moment::Before);
        self.torn = true;
        // One write: a reader sees the line whole or torn, never two lines mixed.
        self.file.write_all(line.as_bytes()).map_err(|cause| failed(&cause))?;
        self.torn = false;
        self.file.sync_data().map_err(|cause| failed(&cause))?;
        self.appended += 1;
        self.failpoint.reached(place, Moment::Written);
        Ok(place)
    }

    /// The change that a record announced has been made.
    pub(crate) fn applied(&self, place: u64) {
        self.failpoint.reached(place, Moment::Applied);
    }

    /// Removes the file: everything is undone.
    pub(crate) fn remove(&self) -> Result<()> {
        let failed =
            |cause| Error::runner(format!("removing the journal {}", self.path.display()), cause);
        fs::remove_file(&self.path).map_err(failed)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
            // Kept when another run's journal is in it.
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A new file with its lock, which nobody sees without the lock: it would be taken for the journal
/// of a run that is dead.
fn create_locked(folder: &Path, path: &Path) -> std::io::Result<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let hidden = path.with_extension("new");
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&hidden)?;
    file.try_lock()?;
    file.sync_all()?;
    fs::rename(&hidden, path)?;
    Ok(file)
}
