//! What signs requests in and does not last: a file with a token, or a plugin's answer.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use tokio::io::AsyncReadExt;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinSet;

use super::bearer::bearer;
use super::exec::{Plugin, Said};
use crate::error::{Error, Result};

/// Kubernetes renews the token of a pod in its file; clients look once a minute (client-go,
/// `transport/token_source.go`).
const FILE_HOLDS: Duration = Duration::from_mins(1);
/// A token is some KiB.
const FILE_MAX: u64 = 1 << 20;
/// How long a request waits for a plugin's answer: less than for an answer of the server, so that
/// it is not blamed.
const SIGNING_IN: Duration = Duration::from_secs(6);
/// A plugin is asked anew so long before its answer ends: a request is under way for a while.
const BEFORE_ITS_END: SignedDuration = SignedDuration::from_secs(10);

/// Where a token comes from, and the one that is held.
#[derive(Debug)]
pub(super) struct Credential {
    source: Source,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// Why the plugin failed, if nobody waited for it any more: it is for the next who asks.
    failure: Option<Error>,
}

#[derive(Debug)]
enum Source {
    File {
        place: String,
        path: PathBuf,
    },
    /// The plugin and its runs, of which some may have nobody any more who waits for them.
    Plugin(Arc<Plugin>, std::sync::Mutex<JoinSet<()>>),
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
        Self { source: Source::File { place, path }, state: Arc::default() }
    }

    /// A plugin that has answered just now; none if it answered with a certificate alone.
    pub(super) fn plugin(plugin: Plugin, said: Said) -> Option<Self> {
        let held = Held { header: said.token?, until: Until::End(said.until) };
        let state = State { held: Some(held), failure: None };
        let source = Source::Plugin(Arc::new(plugin), std::sync::Mutex::default());
        Some(Self { source, state: Arc::new(Mutex::new(state)) })
    }

    /// The header `Authorization` of now.
    pub(super) async fn header(&self) -> Result<HeaderValue> {
        match &self.source {
            Source::File { place, path } => self.of_file(place, path).await,
            Source::Plugin(plugin, runs) => {
                let (answered, answer) = oneshot::channel();
                {
                    let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
                    while runs.try_join_next().is_some() {}
                    // A request is given up long before a person has signed in; the plugin goes on,
                    // and who comes later has its answer.
                    runs.spawn(renew(Arc::clone(plugin), Arc::clone(&self.state), answered));
                }
                match tokio::time::timeout(SIGNING_IN, answer).await {
                    Ok(Ok(header)) => header,
                    Ok(Err(cause)) => Err(Error::runner("signing in", cause)),
                    Err(_) => Err(plugin.slow(SIGNING_IN)),
                }
            }
        }
    }

    async fn of_file(&self, place: &str, path: &PathBuf) -> Result<HeaderValue> {
        let held = &mut self.state.lock().await.held;
        if let Some(held) = held.as_ref().filter(|held| held.holds()) {
            return Ok(held.header.clone());
        }
        let header = match (read(place, path).await, held.as_ref()) {
            (Ok(header), _) => header,
            // Tokens may be taken away once they were read (kubernetes#68164).
            (Err(_), Some(last)) => last.header.clone(),
            (Err(error), None) => return Err(error),
        };
        let until = Until::Look(Instant::now() + FILE_HOLDS);
        *held = Some(Held { header: header.clone(), until });
        Ok(header)
    }

    /// The server does not know this one any more: a plugin is asked anew for the next request. Who
    /// is at it already has a newer header, or is refused in turn.
    pub(super) fn refused(&self, header: &HeaderValue) {
        let Ok(mut state) = self.state.try_lock() else { return };
        let same = state.held.as_ref().is_some_and(|held| held.header == *header);
        if same && matches!(self.source, Source::Plugin(..)) {
            state.held = None;
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

/// The header of a plugin's answer, which is asked anew if the last does not hold any more. Whoever
/// comes while it runs waits for its answer; for somebody who has gone it is not run once more.
async fn renew(
    plugin: Arc<Plugin>,
    state: Arc<Mutex<State>>,
    answered: oneshot::Sender<Result<HeaderValue>>,
) {
    let mut state = state.lock().await;
    let held = state.held.as_ref().filter(|held| held.holds()).map(|held| held.header.clone());
    let header = match (held, state.failure.take()) {
        (Some(header), _) => Ok(header),
        (None, Some(failure)) => Err(failure),
        (None, None) if answered.is_closed() => return,
        (None, None) => plugin.run().await.and_then(|said| {
            let header = said.token.ok_or_else(|| {
                Error::runner("signing in", "the plugin wrote a token before and none now")
            })?;
            state.held = Some(Held { header: header.clone(), until: Until::End(said.until) });
            Ok(header)
        }),
    };
    if let Err(Err(failure)) = answered.send(header) {
        state.failure = Some(failure);
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
    let read = file.take(FILE_MAX + 1).read_to_string(&mut text).await;
    read.map_err(|cause| refused(cause.to_string()))?;
    if text.len() as u64 > FILE_MAX {
        return Err(refused("it is too long for a token".into()));
    }
    match bearer(text.trim()) {
        Some(_) if text.trim().is_empty() => Err(refused("it is empty".into())),
        Some(header) => Ok(header),
        None => Err(refused("there is more in it than a token".into())),
    }
}

#[cfg(test)]
mod tests {
    use kube::config::{Cluster, ExecConfig};

    use super::*;

    #[tokio::test]
    async fn why_a_plugin_failed_is_told_to_the_next_if_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let script = format!(
            "echo >> {}; until test -e {}; do sleep 0.01; done; echo 'no network' >&2; exit 1",
            file("runs").display(),
            file("go").display()
        );
        let config = ExecConfig {
            api_version: Some("client.authentication.k8s.io/v1".to_owned()),
            command: Some("sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script]),
            ..ExecConfig::default()
        };
        let plugin = Arc::new(Plugin::new("user `u`", config, &Cluster::default()).unwrap());
        let state = Arc::<Mutex<State>>::default();
        let ask = |answered| renew(Arc::clone(&plugin), Arc::clone(&state), answered);
        let (answered, gone) = oneshot::channel();
        let going = async {
            while !file("runs").exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(gone);
            std::fs::write(file("go"), "").unwrap();
        };
        tokio::join!(ask(answered), going);
        let (answered, answer) = oneshot::channel();
        ask(answered).await;
        let why = answer.await.unwrap().unwrap_err().to_string();
        assert!(why.contains("no network"), "{why}");
        assert_eq!(std::fs::read_to_string(file("runs")).unwrap().lines().count(), 1);
        // The one after that asks anew, unless nobody waits.
        let (answered, gone) = oneshot::channel();
        drop(gone);
        ask(answered).await;
        assert_eq!(std::fs::read_to_string(file("runs")).unwrap().lines().count(), 1);
        let (answered, answer) = oneshot::channel();
        ask(answered).await;
        assert!(answer.await.unwrap().is_err());
        assert_eq!(std::fs::read_to_string(file("runs")).unwrap().lines().count(), 2);
    }
}
