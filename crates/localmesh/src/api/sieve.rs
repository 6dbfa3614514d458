//! What happens, as a watcher with a selector sees it. Pure.

use std::collections::HashMap;

use serde_json::Value;

use super::selector::Filter;
use crate::registry::{Listing, Notice};
use crate::store::Change;

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
pub(super) struct Sieve {
    filter: Filter,
    /// By namespace and name; what is not in it was not there when the watch began.
    seen: HashMap<(String, String), Seen>,
}

// === impl Sieve ===

impl Sieve {
    /// For a watcher that has seen everything up to `from`; `snapshot` may be newer.
    pub(super) fn new(filter: Filter, snapshot: &Listing, from: u64) -> Self {
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
    pub(super) fn pass(&mut self, notice: &Notice) -> Option<Change> {
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
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::kinds;
    use crate::store::Object;

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
