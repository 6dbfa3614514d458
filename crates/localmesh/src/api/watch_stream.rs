//! The lines of a watch as they come.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, sleep_until};

use super::answer::status;
use super::form::Form;
use super::path::Target;
use super::sieve::Sieve;
use crate::registry::{Notice, Registry};
use crate::store::{Change, Object, Refusal};

/// One line to be sent.
#[derive(Debug)]
pub(super) enum Line {
    /// Something happened to an object.
    Event(Change, Arc<Object>),
    /// All that there was at this version has been sent.
    InitialEnd(u64),
    /// The watch cannot go on.
    Error(Refusal),
}

/// A watch under way.
pub(super) struct Watch {
    pub(super) registry: Registry,
    pub(super) target: Target,
    pub(super) form: Form,
    pub(super) sieve: Sieve,
    pub(super) pending: VecDeque<Line>,
    /// `None` after an error: the stream ends when `pending` is empty.
    pub(super) notices: Option<mpsc::Receiver<Notice>>,
    pub(super) bookmarks: Option<Interval>,
    pub(super) versions: watch::Receiver<u64>,
    pub(super) end: Instant,
    pub(super) first: bool,
}

// === impl Watch ===

impl Watch {
    /// The next line, or `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(self.render(&line));
            }
            let notices = self.notices.as_mut()?;
            tokio::select! {
                // The end comes whatever happens; what has happened comes before its bookmark.
                biased;
                () = sleep_until(self.end) => return None,
                notice = notices.recv() => {
                    let notice = notice?;
                    if let Some(change) = self.sieve.pass(&notice) {
                        self.pending.push_back(Line::Event(change, notice.object));
                    }
                }
                () = tick(&mut self.bookmarks) => {
                    // The version is read first: whatever belongs to it is in the channel by now,
                    // so an empty channel means that the client has seen everything up to it.
                    let version = *self.versions.borrow_and_update();
                    if notices.is_empty() {
                        let bookmark = self.form.bookmark(&self.target, version, false);
                        return Some(line("BOOKMARK", &bookmark));
                    }
                }
            }
        }
    }

    fn render(&mut self, pending: &Line) -> Bytes {
        match pending {
            Line::Event(change, object) => {
                let now = self.registry.now();
                let object = self.form.event(&self.target, object, self.first, now);
                self.first = false;
                line(word(*change), &object)
            }
            Line::InitialEnd(version) => {
                line("BOOKMARK", &self.form.bookmark(&self.target, *version, true))
            }
            Line::Error(refusal) => line("ERROR", &status(refusal)),
        }
    }
}

async fn tick(bookmarks: &mut Option<Interval>) {
    match bookmarks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Added => "ADDED",
        Change::Modified => "MODIFIED",
        Change::Deleted => "DELETED",
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    let mut line = json!({ "type": kind, "object": object }).to_string();
    line.push('\n');
    line.into()
}
