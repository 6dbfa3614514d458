//! What signs requests in and does not last: a file with a token, or a plugin's answer.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;

use super::bearer::bearer;
use super::exec::{Plugin, Said};
use crate::error::{Error, Result};

/// Kubernetes renews the token of a pod in its file; clients look once a minute (client-go,
/// `transport/token_source.go`).
const FILE_HOLDS: Duration = Duration::from_mins(1);
/// A token is some KiB.
const FILE_MAX: u64 = 1 << 20;
/// A plugin is asked anew so long before its answer ends: a request is under way for a while.
const BEFORE_ITS_END: SignedDuration = SignedDuration::from_secs(10);

/// Where a token comes from, and the one that is held.
#[derive(Debug)]
pub(super) struct Credential {
    source: Source,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
enum Source {
    File { place: String, path: PathBuf },
    Plugin(Box<Plugin>),
}

#[derive(Debug, Clone)]
struct Held {
    header: HeaderValue,
    until: Until,
}

#[derive(Debug, Clone)]
enum Until {
    /// Then the file is looked at again.
    Look(Instant),
    /// Then the token ends; none: it does not.
    End(Option<Timestamp>),
}

// === impl Credential ===

impl Credential {
    /// The token in a file, of an entry at this place.
    pub(super) fn file(place: String, path: PathBuf) -> Self {
        Self { source: Source::File { place, path }, held: Mutex::default() }
    }

    /// A plugin that has answered just now; none if it answered with a certificate alone.
    pub(super) fn plugin(plugin: Plugin, said: Said) -> Option<Self> {
        let held = Held { header: said.token?, until: Until::End(said.until) };
        Some(Self { source: Source::Plugin(Box::new(plugin)), held: Mutex::new(Some(held)) })
    }

    /// The header `Authorization` of now.
    pub(super) async fn header(&self) -> Result<HeaderValue> {
        // Whoever comes while a plugin runs waits for its answer.
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.holds()) {
            return Ok(held.header.clone());
        }
        let renewed = match &self.source {
            Source::File { place, path } => {
                let until = Until::Look(Instant::now() + FILE_HOLDS);
                match (read(place, path).await, held.as_ref()) {
                    (Ok(header), _) => Held { header, until },
                    // Tokens may be taken away once they were read (kubernetes#68164).
                    (Err(_), Some(last)) => Held { header: last.header.clone(), until },
                    (Err(error), None) => return Err(error),
                }
            }
            Source::Plugin(plugin) => {
                let said = plugin.run().await?;
                let header = said.token.ok_or_else(|| {
                    Error::runner("signing in", "the plugin wrote a token before and none now")
                })?;
                Held { header, until: Until::End(said.until) }
            }
        };
        let header = renewed.header.clone();
        *held = Some(renewed);
        Ok(header)
    }

    /// The server does not know this one any more: a plugin is asked anew for the next request.
    pub(super) async fn refused(&self, header: &HeaderValue) {
        let mut held = self.held.lock().await;
        let same = held.as_ref().is_some_and(|held| held.header == *header);
        if same && matches!(self.source, Source::Plugin(_)) {
            *held = None;
        }
    }
}

// === impl Held ===

impl Held {
    fn holds(&self) -> bool {
        match &self.until {
            Until::Look(at) => Instant::now() < *at,
            Until::End(end) => end.is_none_or(|end| Timestamp::now() + BEFORE_ITS_END < end),
        }
    }
}

/// Without the line break that editors and `echo` put at its end.
async fn read(place: &str, path: &PathBuf) -> Result<HeaderValue> {
    let refused = |cause: String| {
        let what = format!("its `tokenFile` {}: {cause}", path.display());
        Error::feature(format!("signing in as {place}"), what)
    };
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await.map_err(|cause| refused(cause.to_string()))?;
    let read = file.take(FILE_MAX).read_to_string(&mut text).await;
    read.map_err(|cause| refused(cause.to_string()))?;
    match bearer(text.trim()) {
        Some(_) if text.trim().is_empty() => Err(refused("it is empty".into())),
        Some(header) => Ok(header),
        None => Err(refused("there is more in it than a token".into())),
    }
}
