//! Asks an Envoy about itself: HTTP over the admin socket in the pod's folder. Every answer is
//! bounded in size and time.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::admin_connection::AdminConnection;

pub use super::admin_connection::Answer;

/// Name of the admin socket in a pod's folder.
pub const SOCKET: &str = "admin.sock";

/// The admin thread answers within milliseconds; on a machine with sixteen starting Envoys on two
/// cores it was seen to take some hundred.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One Envoy's admin. It is asked over one connection as long as that holds: a new one for each
/// question costs as much as a short answer.
#[derive(Debug)]
pub struct Admin {
    socket: PathBuf,
    /// The connection of the last answer, unless it is being used.
    kept: Mutex<Option<AdminConnection>>,
    /// The process that was connected to last; 0 before.
    process: AtomicI32,
}

// === impl Admin ===

impl Admin {
    /// The admin behind this socket; nothing is opened before the first question.
    #[must_use]
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, kept: Mutex::default(), process: AtomicI32::new(0) }
    }

    /// GETs a path with its query.
    pub async fn get(&self, path: &str) -> io::Result<Answer> {
        tokio::time::timeout(TIMEOUT, self.ask(path))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "Envoy's admin did not answer"))?
    }

    async fn ask(&self, path: &str) -> io::Result<Answer> {
        let kept = self.swap(None);
        if let Some(mut connection) = kept
            && let Ok(answer) = connection.get(path).await
        {
            self.keep(connection);
            return Ok(answer);
        }
        // There is none, or Envoy has begun again since.
        let mut connection = AdminConnection::open(&self.socket).await?;
        self.process.store(connection.process.unwrap_or(0), Ordering::Relaxed);
        let answer = connection.get(path).await?;
        self.keep(connection);
        Ok(answer)
    }

    fn keep(&self, connection: AdminConnection) {
        if connection.is_open() {
            self.swap(Some(connection));
        }
    }

    fn swap(&self, connection: Option<AdminConnection>) -> Option<AdminConnection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut kept, connection)
    }

    /// The process that answered last, if the kernel told.
    #[must_use]
    pub fn process(&self) -> Option<i32> {
        Some(self.process.load(Ordering::Relaxed)).filter(|process| *process > 0)
    }
}

/// A number from the answer to `/stats`: lines of `name: value`. Pure.
#[must_use]
pub fn stat(stats: &str, name: &str) -> Option<u64> {
    stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_found_by_its_whole_name() {
        let stats = "a.b: 1\na.b.c: 2\nx.a.b: 3\n";
        assert_eq!(stat(stats, "a.b"), Some(1));
        assert_eq!(stat(stats, "a.b.c"), Some(2));
        assert_eq!(stat(stats, "a"), None);
    }
}
