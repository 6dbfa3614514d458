//! What was done and how to undo it, oldest first, on disk before it is done: the intent is
//! recorded before the write, because an answer can be lost after the write took effect. Only from
//! here is anything undone.
//!
//! A run on a mesh of its own writes its journal just the same, though that mesh ends with the run:
//! the road that must hold in a cluster is the one that every local run has gone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::safety::journal::entry::{Entry, Scope, Undo};
use crate::safety::journal::file::{Found, JournalFile};
use crate::safety::journal::header::Header;
use crate::safety::journal::record::{Content, Record};
use crate::safety::journal::replay::replay;

/// The changes of a run; every clone is the same journal.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    header: Header,
    entries: Vec<Entry>,
    next: u64,
    file: JournalFile,
}

/// What became of an earlier run, by its journal.
#[derive(Debug)]
pub(crate) enum Earlier {
    /// It still lives.
    Alive,
    /// It died before it changed anything.
    Nothing(Journal),
    /// It died; how many of its records cannot be read.
    Unfinished(Journal, u32),
}

// === impl Journal ===

impl Journal {
    /// Begins the journal of a run in `<state>/<key>/<run>.journal`.
    pub fn begin(state: &Path, key: &str, header: Header) -> Result<Self> {
        let mut file = JournalFile::create(state, key, &header.run)?;
        if let Err(error) = file.append(&Record::Begin(header.clone())) {
            let _ = file.remove();
            return Err(error);
        }
        let inner = Inner { header, entries: Vec::new(), next: 0, file };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Takes over the journal of an earlier run.
    pub(crate) fn reopen(path: &Path) -> Result<Earlier> {
        let (file, content) = match JournalFile::open(path)? {
            Found::Alive => return Ok(Earlier::Alive),
            Found::Dead(file, content) => (file, content),
        };
        let Content { records, damaged, newer: _ } = content;
        let header = records.iter().find_map(|record| match record {
            Record::Begin(header) => Some(header.clone()),
            Record::Intent { .. } | Record::Done { .. } | Record::Undone { .. } => None,
        });
        let (entries, next) = replay(&records);
        let headless = header.is_none();
        let Some(header) =
            header.or_else(|| (records.is_empty() && damaged <= 1).then(Header::unknown))
        else {
            let doing = format!("reading the journal {}", path.display());
            return Err(Error::runner(doing, "its first record is damaged").hint(
                "it does not say which target; `faultless sweep --context NAME` finds what is \
                 left, and then the file can be removed",
            ));
        };
        let journal = Self(Arc::new(Mutex::new(Inner { header, entries, next, file })));
        // The first record is synced before anything is changed: torn, it announces nothing.
        Ok(if headless { Earlier::Nothing(journal) } else { Earlier::Unfinished(journal, damaged) })
    }

    /// The run it is about.
    #[must_use]
    pub fn header(&self) -> Header {
        self.lock().header.clone()
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.lock().file.path().to_owned()
    }

    /// Records how to undo what is about to be done. On an error it must not be done.
    pub fn intend(&self, scope: Scope, subject: &str, undo: Undo) -> Result<u64> {
        let mut inner = self.lock();
        let id = inner.next;
        let subject = subject.to_owned();
        let record = Record::Intent { id, scope, subject: subject.clone(), undo: undo.clone() };
        // Its number is used even if it fails: part of it may be on disk.
        inner.next += 1;
        let place = inner.file.append(&record)?;
        inner.entries.push(Entry { id, scope, subject, undo, stored: None, place });
        Ok(id)
    }

    /// Records that it was done, and what became of it. The journal holds without this record, so
    /// a disk that is full by now is no reason to stop.
    pub fn done(&self, id: u64, spec: Option<&Value>) {
        let mut inner = self.lock();
        let Some(at) = inner.entries.iter().position(|entry| entry.id == id) else { return };
        let place = inner.entries[at].place;
        inner.file.applied(place);
        inner.entries[at].stored = spec.cloned();
        let _ = inner.file.append(&Record::Done { id, spec: spec.cloned() });
    }

    /// Notes what became of an object that this process added, when it changed it again. Nobody
    /// else needs to know: it is undone by deleting it, whatever it is.
    pub fn became(&self, id: u64, spec: &Value) {
        let mut inner = self.lock();
        if let Some(entry) = inner.entries.iter_mut().find(|entry| entry.id == id) {
            entry.stored = Some(spec.clone());
        }
    }

    /// Records that these were undone. If that cannot be written they are undone once more by a
    /// recovery, which does no harm.
    pub fn undone(&self, ids: &[u64]) {
        let mut inner = self.lock();
        for id in ids {
            let _ = inner.file.append(&Record::Undone { id: *id });
        }
        inner.entries.retain(|entry| !ids.contains(&entry.id));
    }

    /// What is not undone yet, oldest first.
    #[must_use]
    pub fn entries(&self, which: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.lock().entries.iter().filter(|entry| which(entry)).cloned().collect()
    }

    /// Ends the journal if everything is undone; `false` when it has to stay.
    pub fn close(&self) -> Result<bool> {
        let inner = self.lock();
        if !inner.entries.is_empty() {
            return Ok(false);
        }
        inner.file.remove().map(|()| true)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
