//! Who is told what happens: each watcher has a channel of its own, and loses it when it does not
//! read.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::kinds::Kind;
use crate::store::{Change, Event, Object, meta};

/// How many notices may wait for a watcher that does not read. The whole demo starting makes about
/// five hundred; a watcher that is further behind lists again sooner than it catches up.
pub(super) const NOTICES_MAX: usize = 1024;

/// What a watcher receives; the channel closes when the watcher was too slow.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What happened.
    pub change: Change,
    /// The object after it (for a delete: before it, with the delete's resource version).
    pub object: Arc<Object>,
}

/// All watchers.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    all: Vec<Watcher>,
}

#[derive(Debug)]
struct Watcher {
    kind: &'static Kind,
    namespace: Option<String>,
    notices: mpsc::Sender<Notice>,
}

// === impl Watchers ===

impl Watchers {
    /// A new watcher of one kind; what it has missed is told at once.
    pub(super) fn add(
        &mut self,
        kind: &'static Kind,
        namespace: Option<&str>,
        missed: Vec<Event>,
    ) -> mpsc::Receiver<Notice> {
        let (notices, receiver) = mpsc::channel(missed.len() + NOTICES_MAX);
        for event in missed {
            let notice = Notice { change: event.change, object: event.object };
            // The channel was made large enough for them.
            let _ = notices.try_send(notice);
        }
        let namespace = namespace.map(str::to_owned);
        self.all.retain(|watcher| !watcher.notices.is_closed());
        self.all.push(Watcher { kind, namespace, notices });
        receiver
    }

    /// Tells everybody whom it concerns.
    pub(super) fn tell(&mut self, event: &Event) {
        self.all.retain(|watcher| watcher.accepts(event));
    }
}

// === impl Watcher ===

impl Watcher {
    /// Hands the event on if it is of concern; `false` when the watcher is gone or too slow.
    fn accepts(&self, event: &Event) -> bool {
        let concerns = self.kind == event.kind
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| namespace == meta::namespace(&event.object));
        if !concerns {
            return !self.notices.is_closed();
        }
        let notice = Notice { change: event.change, object: Arc::clone(&event.object) };
        self.notices.try_send(notice).is_ok()
    }
}
