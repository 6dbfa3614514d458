//! A watch as the client sees it: a stream of JSON lines, with selectors applied to what happens,
//! bookmarks, an end, and 410 as an event.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::answer::{status, typed_answer};
use super::form::Form;
use super::options::Options;
use super::path::Target;
use super::selector::Filter;
use crate::cluster::{Cluster, Listing, Notice};
use crate::store::{Change, Object, Refusal};

/// The longest watch: a client that wants more asks again where it stopped. (A real server ends
/// watches after 30 to 60 minutes.)
const WATCH_MAX: Duration = Duration::from_hours(1);

/// How often a client that asked for bookmarks gets one; a real server does about once a minute.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// What the object of an event was to this watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The watcher has it.
    Yes,
    /// The watcher does not have it.
    No,
    /// It changed between the watcher's own list and the beginning of this watch.
    Perhaps,
}

/// Which objects a watcher with a selector has: an object whose labels change comes and goes.
#[derive(Debug)]
struct Sieve {
    filter: Filter,
    /// By namespace and name; what is not in it was not there when the watch began.
    seen: HashMap<(String, String), Seen>,
}

/// One line to be sent.
#[derive(Debug)]
enum Line {
    Event(Change, Arc<Object>),
    InitialEnd(u64),
    Error(Refusal),
}

struct Watch {
    cluster: Cluster,
    target: Target,
    form: Form,
    sieve: Sieve,
    pending: VecDeque<Line>,
    /// `None` after an error: the stream ends when `pending` is empty.
    notices: Option<mpsc::Receiver<Notice>>,
    bookmarks: Option<Interval>,
    versions: tokio::sync::watch::Receiver<u64>,
    end: Instant,
    first: bool,
}

/// Answers a watch.
pub(super) fn watch(
    cluster: &Cluster,
    target: Target,
    filter: Filter,
    form: Form,
    options: &Options,
) -> Result<Response, Refusal> {
    let since = match options.text("resourceVersion") {
        "" | "0" => None,
        text => Some(text.parse::<u64>().map_err(|_| {
            Refusal::bad_request(format!(
                "Invalid value: \"{text}\": resourceVersion must be a number"
            ))
        })?),
    };
    let end = Instant::now() + options.timeout(WATCH_MAX)?;
    let bookmarks = options.flag("allowWatchBookmarks").then(|| {
        let mut ticks = interval_at(Instant::now() + BOOKMARK_EVERY, BOOKMARK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let versions = cluster.versions();
    let snapshot = cluster.snapshot(target.kind, target.namespace.as_deref());
    // `sendInitialEvents` is a list and a watch in one, whatever version the client has seen.
    let initial = options.flag("sendInitialEvents");
    let whole = since.is_none() || initial;
    let from = if whole { snapshot.resource_version } else { since.unwrap_or_default() };
    let mut pending = VecDeque::new();
    if whole {
        let matching = snapshot.items.iter().filter(|object| filter.matches(object));
        pending.extend(matching.map(|object| Line::Event(Change::Added, Arc::clone(object))));
        if initial && bookmarks.is_some() {
            pending.push_back(Line::InitialEnd(snapshot.resource_version));
        }
    }
    let notices = match cluster.watch(target.kind, target.namespace.as_deref(), from) {
        Ok(notices) => Some(notices),
        Err(refusal) => {
            pending.push_back(Line::Error(refusal));
            None
        }
    };
    let sieve = Sieve::new(filter, &snapshot, from);
    let cluster = cluster.clone();
    let first = true;
    let watch =
        Watch { cluster, target, form, sieve, pending, notices, bookmarks, versions, end, first };
    let lines = futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(line), watch))
    });
    Ok(typed_answer(StatusCode::OK, "application/json", Body::from_stream(lines)))
}

// === impl Watch ===

impl Watch {
    /// The next line, or `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
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
                let now = self.cluster.now();
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

// === impl Sieve ===

impl Sieve {
    /// For a watcher that has seen everything up to `from`; `snapshot` may be newer.
    fn new(filter: Filter, snapshot: &Listing, from: u64) -> Self {
        let mut seen = HashMap::new();
        if !filter.is_empty() {
            for object in &snapshot.items {
                let version = object["metadata"]["resourceVersion"].as_str();
                let version = version.and_then(|version| version.parse::<u64>().ok());
                let known = if version.is_none_or(|version| version > from) {
                    Seen::Perhaps
                } else if filter.matches(object) {
                    Seen::Yes
                } else {
                    Seen::No
                };
                seen.insert(key(object), known);
            }
        }
        Self { filter, seen }
    }

    /// What a notice is to this watcher; `None` when it does not concern it.
    fn pass(&mut self, notice: &Notice) -> Option<Change> {
        if self.filter.is_empty() {
            return Some(notice.change);
        }
        let key = key(&notice.object);
        let matches = self.filter.matches(&notice.object);
        let before = match notice.change {
            Change::Added => Seen::No,
            // An object that is not in the snapshot and yet changes or goes was there between the
            // watcher's list and the snapshot.
            Change::Modified | Change::Deleted => {
                self.seen.get(&key).copied().unwrap_or(Seen::Perhaps)
            }
        };
        if notice.change == Change::Deleted {
            self.seen.remove(&key);
            // A deletion that is told once too often does no harm; one too few does.
            return (before != Seen::No).then_some(Change::Deleted);
        }
        self.seen.insert(key, if matches { Seen::Yes } else { Seen::No });
        match (before, matches) {
            (Seen::No, true) => Some(Change::Added),
            (Seen::Yes | Seen::Perhaps, true) => Some(Change::Modified),
            (Seen::Yes | Seen::Perhaps, false) => Some(Change::Deleted),
            (Seen::No, false) => None,
        }
    }
}

fn key(object: &Value) -> (String, String) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn object(name: &str, app: &str, version: u64) -> Arc<Object> {
        Arc::new(json!({"metadata": {
            "name": name,
            "labels": {"app": app},
            "resourceVersion": version.to_string(),
        }}))
    }

    fn notice(change: Change, object: Arc<Object>) -> Notice {
        Notice { change, object }
    }

    #[test]
    fn objects_come_and_go_with_their_labels() {
        let filter = Filter::parse(&kinds::POD, "app=a", "").unwrap();
        let items = vec![object("in", "a", 1), object("out", "b", 2), object("late", "b", 9)];
        let snapshot = Listing { items, resource_version: 9 };
        let mut sieve = Sieve::new(filter, &snapshot, 5);
        let mut pass = |change, name, app| sieve.pass(&notice(change, object(name, app, 10)));
        assert_eq!(pass(Change::Modified, "in", "a"), Some(Change::Modified));
        assert_eq!(pass(Change::Modified, "in", "b"), Some(Change::Deleted));
        assert_eq!(pass(Change::Deleted, "in", "b"), None);
        assert_eq!(pass(Change::Modified, "out", "b"), None);
        assert_eq!(pass(Change::Modified, "out", "a"), Some(Change::Added));
        assert_eq!(pass(Change::Deleted, "out", "a"), Some(Change::Deleted));
        // It may have matched when the watcher listed it.
        assert_eq!(pass(Change::Modified, "late", "b"), Some(Change::Deleted));
        assert_eq!(pass(Change::Added, "new", "b"), None);
        assert_eq!(pass(Change::Added, "newer", "a"), Some(Change::Added));
    }

    #[test]
    fn without_a_selector_everything_passes() {
        let snapshot = Listing { items: Vec::new(), resource_version: 9 };
        let mut sieve = Sieve::new(Filter::default(), &snapshot, 9);
        let modified = notice(Change::Modified, object("x", "a", 10));
        assert_eq!(sieve.pass(&modified), Some(Change::Modified));
    }
}
