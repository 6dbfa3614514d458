//! A running Envoy: started, its end noticed, ended.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::lines::{Tail, each_line};
use super::spec::Spec;
use super::{admin, spawner};
use crate::error::{Error, Result};
use crate::image::Log;

/// Envoy ends within some 10 ms of a SIGTERM; after this it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// The kernel's limit for the path of a Unix socket (`sockaddr_un`), without the closing zero.
const SOCKET_PATH_MAX: usize = 107;

/// A running Envoy; dropped, it is killed.
#[derive(Debug)]
pub struct Envoy {
    pub(super) child: Child,
    pub(super) admin: PathBuf,
    pub(super) name: String,
    tail: Arc<Mutex<Tail>>,
    // Reads the log until the process ends.
    reader: JoinSet<()>,
}

// === impl Envoy ===

impl Envoy {
    /// Writes the bootstrap and starts the process; its log lines go to `log`. The control
    /// plane must answer already.
    pub async fn spawn(spec: Spec, log: Log) -> Result<Self> {
        let doing = format!("starting Envoy for {}", spec.node);
        let admin = spec.dir.join(admin::SOCKET);
        if admin.as_os_str().len() > SOCKET_PATH_MAX {
            let cause = format!("the path of its socket is too long: {}", admin.display());
            return Err(Error::new(doing, cause).hint("set TMPDIR to a folder with a shorter name"));
        }
        spec.prepare().await.map_err(|error| Error::new(&doing, error))?;
        let mut child = spawner::start(spec.command()).await.map_err(|error| {
            Error::new(&doing, format!("cannot run {}: {error}", spec.shim.display()))
        })?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let mut reader = JoinSet::new();
        if let Some(stderr) = child.stderr.take() {
            let tail = Arc::clone(&tail);
            reader.spawn(async move {
                each_line(stderr, |line| {
                    tail.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    log(line.to_owned());
                })
                .await;
            });
        }
        Ok(Self { child, admin, name: spec.node, tail, reader })
    }

    /// Waits until the process ends by itself; says how (exit code or signal) and what it last
    /// logged.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => {
                self.log_end().await;
                format!("Envoy ended with {status}; its last lines:{}", self.tail())
            }
            Err(error) => format!("Envoy cannot be waited for: {error}"),
        }
    }

    /// Ends the process and waits for its end.
    pub async fn stop(mut self) {
        if let Some(pid) = self.pid() {
            // It may have ended by itself; then there is nobody to tell.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?))
    }

    pub(super) async fn died(&mut self, doing: &str, status: ExitStatus) -> Error {
        self.log_end().await;
        Error::new(doing, format!("it ended with {status}; its last lines:{}", self.tail()))
            .hint("the lines above are Envoy's own; `envoy --mode validate` shows more")
    }

    /// Waits until the log is read to its end, so that its last lines can be shown.
    async fn log_end(&mut self) {
        // Something else could hold the pipe open; the process has ended, so this is only a moment.
        let _ = timeout(Duration::from_millis(500), self.reader.join_next()).await;
    }

    pub(super) fn tail(&self) -> String {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

#[cfg(test)]
mod tests;
