//! One connection to an Envoy's admin socket.

use std::io;
use std::path::Path;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

/// The longest answer that is read: the metrics page of a busy sidecar is below 1 MB, a full
/// configuration dump of the demo about 2 MB.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

type Driver = Pin<Box<http1::Connection<TokioIo<UnixStream>, Empty<Bytes>>>>;

/// An open connection, driven only while it is asked, so that no task is left behind.
#[derive(Debug)]
pub(super) struct AdminConnection {
    sender: SendRequest<Empty<Bytes>>,
    /// Until it has ended: the sender only knows that when this is dropped.
    driver: Option<Driver>,
    /// The process at the other end, if the kernel told.
    pub(super) process: Option<i32>,
}

// === impl AdminConnection ===

impl AdminConnection {
    pub(super) async fn open(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket).await?;
        let process = stream.peer_cred().ok().and_then(|peer| peer.pid());
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, driver: Some(Box::pin(driver)), process })
    }

    /// Whether it can be asked again, as far as it knows.
    pub(super) const fn is_open(&self) -> bool {
        self.driver.is_some()
    }

    pub(super) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        let answer = exchange(&mut self.sender, path);
        tokio::pin!(answer);
        if let Some(driver) = &mut self.driver {
            tokio::select! {
                answer = &mut answer => return answer,
                _ended = driver => self.driver = None,
            }
        }
        // What was received before the end is still to be had.
        answer.await
    }
}

async fn exchange(sender: &mut SendRequest<Empty<Bytes>>, path: &str) -> io::Result<Answer> {
    sender.ready().await.map_err(io::Error::other)?;
    let request = Request::get(path)
        .header("host", "envoy")
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    let body = String::from_utf8(body.into())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Ok(Answer { status, body })
}
