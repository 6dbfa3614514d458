//! Asks an Envoy about itself: HTTP over the admin socket in the pod's folder. Every answer is
//! bounded in size and time.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// Name of the admin socket in a pod's folder.
pub const SOCKET: &str = "admin.sock";

/// The longest answer that is read: the metrics page of a busy sidecar is below 1 MB, a full
/// configuration dump of the demo about 2 MB.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// The admin thread answers within milliseconds; on a machine with sixteen starting Envoys on two
/// cores it was seen to take some hundred.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// GETs a path with its query.
pub async fn get(socket: &Path, path: &str) -> io::Result<Answer> {
    tokio::time::timeout(TIMEOUT, exchange(socket, path))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "Envoy's admin did not answer"))?
}

async fn exchange(socket: &Path, path: &str) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = Request::get(path)
        .header("host", "envoy")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let ask = async move {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    };
    // The connection is driven here, beside the request, so that no task is left behind; it ends
    // by itself when `sender` is dropped at the end of `ask`.
    let (answer, _closed) = tokio::join!(ask, connection);
    answer
}

/// The process that listens on an admin socket.
pub async fn process(socket: &Path) -> io::Result<i32> {
    let stream = tokio::time::timeout(TIMEOUT, UnixStream::connect(socket)).await??;
    stream.peer_cred()?.pid().ok_or_else(|| io::ErrorKind::NotFound.into())
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
