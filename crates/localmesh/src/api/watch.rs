//! A watch as the client sees it: a stream of JSON lines, with selectors applied to what happens,
//! bookmarks, an end, and 410 as an event.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::answer::typed_answer;
use super::form::Form;
use super::options::Options;
use super::path::Target;
use super::selector::Filter;
use super::sieve::Sieve;
use super::watch_stream::{Line, Watch};
use crate::registry::Registry;
use crate::store::{Change, Refusal};

/// The longest watch: a client that wants more asks again where it stopped. (A real server ends
/// watches after 30 to 60 minutes.)
const WATCH_MAX: Duration = Duration::from_hours(1);

/// How often a client that asked for bookmarks gets one; a real server does about once a minute.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// Answers a watch.
pub(super) fn watch(
    registry: &Registry,
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
    let versions = registry.versions();
    let snapshot = registry.snapshot(target.kind, target.namespace.as_deref());
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
    let notices = match registry.watch(target.kind, target.namespace.as_deref(), from) {
        Ok(notices) => Some(notices),
        Err(refusal) => {
            pending.push_back(Line::Error(refusal));
            None
        }
    };
    let sieve = Sieve::new(filter, &snapshot, from);
    let registry = registry.clone();
    let first = true;
    let watch =
        Watch { registry, target, form, sieve, pending, notices, bookmarks, versions, end, first };
    let lines = futures::stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok::<_, Infallible>(line), watch))
    });
    Ok(typed_answer(StatusCode::OK, "application/json", Body::from_stream(lines)))
}
