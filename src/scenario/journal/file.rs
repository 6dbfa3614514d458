//! A journal's file: found, made, locked, appended to and synced before anything else happens.
//! The lock is how anybody on this machine knows whether the run still lives: the kernel lets go
//! of it when the process ends, however it ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::record::{self, Content, Record};
use crate::error::{Error, Result};

/// A journal larger than this is none: a run changes some dozens of objects of some kilobytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;

/// More journals than this are not looked at.
const FILES_MAX: usize = 10_000;

/// How often a journal is tried to be made while its folder is removed by others: each of them has
/// to end in the very moment between two calls.
const CREATE_TRIES: u32 = 3;

/// The name's end of a journal.
const EXTENSION: &str = "journal";

/// For tests of what a death leaves: `7:written` kills this process by SIGKILL as soon as its
/// journal's seventh record (from 0) is written; `before` it is written; `applied` when the change
/// that it announces has been made; `panic` then panics instead. Nothing else reads this variable.
const KILL_AT: &str = "FAULTLESS_TEST_KILL_AT";

/// An open journal, locked by this process.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    /// How many records this process appended.
    appended: u64,
    /// Whether the last line may be torn: what follows must not become part of it.
    torn: bool,
    kill_at: Option<(u64, Moment)>,
}

/// Around a record, where a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    Written,
    Applied,
    Panic,
}

/// What opening an old journal found.
#[derive(Debug)]
pub(super) enum Found {
    /// Its run still lives.
    Alive,
    /// Its run is dead; this process has it now.
    Dead(JournalFile, Content),
}

/// Where journals are: `$XDG_STATE_HOME/faultless`, by default `~/.local/state/faultless`.
pub(in crate::scenario) fn state_folder() -> Result<PathBuf> {
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
pub(in crate::scenario) fn journals(state: &Path, key: Option<&str>) -> Result<Vec<PathBuf>> {
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

// === impl JournalFile ===

impl JournalFile {
    /// Makes a new journal, synced with its folder before anything is written into it.
    pub(super) fn create(state: &Path, key: &str, run: &str) -> Result<Self> {
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
        Ok(Self { path, file, appended: 0, torn: false, kill_at: kill_at() })
    }

    /// Opens the journal of an earlier run.
    pub(super) fn open(path: &Path) -> Result<Found> {
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
        Ok(Found::Dead(Self { path, file, appended: 0, torn, kill_at: kill_at() }, content))
    }

    /// Appends a record and syncs it; answers its place among this process's records.
    pub(super) fn append(&mut self, record: &Record) -> Result<u64> {
        let failed = |cause: &dyn std::fmt::Display| {
            Error::runner(format!("writing the journal {}", self.path.display()), cause)
                .hint("without its journal a change is not made")
        };
        let mut line = record::encode(record).map_err(|cause| failed(&cause))?;
        if self.torn {
            line.insert(0, '\n');
        }
        let place = self.appended;
        self.die_at(place, Moment::Before);
        self.torn = true;
        // One write: a reader sees the line whole or torn, never two lines mixed.
        self.file.write_all(line.as_bytes()).map_err(|cause| failed(&cause))?;
        self.torn = false;
        self.file.sync_data().map_err(|cause| failed(&cause))?;
        self.appended += 1;
        self.die_at(place, Moment::Written);
        Ok(place)
    }

    /// The change that a record announced has been made.
    pub(super) fn applied(&self, place: u64) {
        self.die_at(place, Moment::Applied);
        assert!(self.kill_at != Some((place, Moment::Panic)), "{KILL_AT} wants a panic at {place}");
    }

    /// Removes the file: everything is undone.
    pub(super) fn remove(&self) -> Result<()> {
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

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn die_at(&self, place: u64, moment: Moment) {
        if self.kill_at == Some((place, moment)) {
            let me = rustix::process::getpid();
            let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        }
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

fn kill_at() -> Option<(u64, Moment)> {
    let text = std::env::var(KILL_AT).ok()?;
    let (place, moment) = text.split_once(':')?;
    let moment = match moment {
        "before" => Moment::Before,
        "written" => Moment::Written,
        "applied" => Moment::Applied,
        "panic" => Moment::Panic,
        _ => return None,
    };
    Some((place.parse().ok()?, moment))
}
