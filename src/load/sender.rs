//! One request on the wire: hyper's HTTP/1.1 connection, kept alive, over whatever the caller
//! dials. The connection is driven by the task that uses it, so a request costs no second task.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;
use futures::future::{BoxFuture, Either, select};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::ledger::{Answer, Failure};
use super::spec::Target;

/// The longest body that is read. Longer answers count as `too_large`: load measures requests, not
/// downloads, and an endless body must not hold a connection until its timeout.
const BODY_MAX: usize = 8 << 20;

/// A byte stream to a service.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How connections are opened: to a host and a port, as the URL names them. In a cluster that is
/// TCP, in the local mesh the socket of the pod's own sidecar.
pub type Dialer =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Pin<Box<dyn Stream>>>> + Send + Sync>;

/// Why a request has no answer, and what the system said.
pub type Failed = (Failure, String);

/// A connection that may be used for one request after the other.
pub struct Connection {
    requests: http1::SendRequest<Full<Bytes>>,
    driver: Pin<Box<Driver>>,
}

/// What moves a connection's bytes.
type Driver = http1::Connection<TokioIo<Pin<Box<dyn Stream>>>, Full<Bytes>>;

/// The way to one target: at most one connection, opened when needed and kept while it lives.
pub struct Sender {
    target: Arc<Target>,
    dialer: Dialer,
    connection: Option<Connection>,
}

/// Why a request on a connection failed.
#[expect(clippy::large_enum_variant, reason = "it lives for one match")]
enum Trouble {
    /// The connection had ended before; the request comes back untouched.
    NotSent(Request<Full<Bytes>>),
    /// The request may have been seen.
    Failed(Failed),
}

/// Plain TCP, names resolved by the system.
#[must_use]
pub fn tcp_dialer() -> Dialer {
    Arc::new(|host, port| {
        Box::pin(async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            // A request is one small write; waiting to fill a packet would be latency of our own.
            stream.set_nodelay(true)?;
            Ok(Box::pin(stream) as Pin<Box<dyn Stream>>)
        })
    })
}

// === impl Sender ===

impl Sender {
    /// A sender without a connection yet.
    #[must_use]
    pub fn new(target: Arc<Target>, dialer: Dialer) -> Self {
        Self { target, dialer, connection: None }
    }

    /// Sends the request with this index and reads its answer to the end, within the target's
    /// timeout. A connection that timed out or failed is closed.
    pub async fn exchange(&mut self, index: u64) -> Result<Answer, Failed> {
        let timeout = self.target.timeout;
        let outcome = match tokio::time::timeout(timeout, self.attempt(index)).await {
            Ok(outcome) => outcome,
            Err(_) => Err((Failure::Timeout, format!("no answer within {timeout:?}"))),
        };
        let reusable = self.connection.as_ref().is_some_and(|c| !c.requests.is_closed());
        if outcome.is_err() || !reusable {
            self.connection = None;
        }
        outcome
    }

    /// Waits for `next` while watching the connection, so that one the server closes is noticed
    /// when it happens and not when a request is due.
    pub async fn idle<T>(&mut self, next: impl Future<Output = T>) -> T {
        let Some(connection) = &mut self.connection else { return next.await };
        match select(pin!(next), &mut connection.driver).await {
            Either::Left((next, _)) => next,
            Either::Right((_, next)) => {
                self.connection = None;
                next.await
            }
        }
    }

    async fn attempt(&mut self, index: u64) -> Result<Answer, Failed> {
        let mut request = self.target.request(index);
        let check = self.target.expect_json_nonempty;
        // A kept connection may have ended just now. A request that never went out on it goes out
        // on a new one; that is no retry, nobody has seen it.
        if let Some(kept) = &mut self.connection {
            match kept.send(request, check).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Failed(failed)) => return Err(failed),
                Err(Trouble::NotSent(unsent)) => request = unsent,
            }
        }
        let mut fresh = dial(&self.target, &self.dialer).await?;
        let outcome = fresh.send(request, check).await;
        self.connection = Some(fresh);
        outcome.map_err(|trouble| match trouble {
            Trouble::Failed(failed) => failed,
            Trouble::NotSent(_) => (Failure::Closed, "closed right after it was opened".into()),
        })
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("target", &self.target).finish_non_exhaustive()
    }
}

// === impl Connection ===

impl Connection {
    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        check: bool,
    ) -> Result<Answer, Trouble> {
        let Self { requests, driver } = self;
        // The answer before may have ended only just now: the driver needs a turn to be ready.
        if !requests.is_ready() {
            let ready = match select(pin!(requests.ready()), &mut *driver).await {
                Either::Left((ready, _)) => ready.is_ok(),
                Either::Right(_) => false,
            };
            if !ready {
                return Err(Trouble::NotSent(request));
            }
        }
        let exchange = async {
            let response = requests.try_send_request(request).await.map_err(|mut e| {
                match e.take_message() {
                    Some(request) => Trouble::NotSent(request),
                    None => Trouble::Failed(failed(e.error())),
                }
            })?;
            read(response, check).await.map_err(Trouble::Failed)
        };
        match select(pin!(exchange), driver).await {
            Either::Left((outcome, _)) => outcome,
            // The connection is over; what it has read is still on its way to the exchange, or
            // the exchange learns why there is nothing.
            Either::Right((_, exchange)) => exchange.await,
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

async fn dial(target: &Target, dialer: &Dialer) -> Result<Connection, Failed> {
    let stream = dialer(target.host.clone(), target.port).await.map_err(|e| match e.kind() {
        io::ErrorKind::ConnectionRefused => (Failure::Refused, e.to_string()),
        _ => (Failure::Dial, e.to_string()),
    })?;
    let (requests, driver) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
    Ok(Connection { requests, driver: Box::pin(driver) })
}

/// Reads the body to its end.
async fn read(response: Response<Incoming>, check: bool) -> Result<Answer, Failed> {
    let status = response.status().as_u16();
    let check = check && status < 300;
    let mut body = response.into_body();
    let mut length = 0;
    let mut content = Content::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| failed(&e))?;
        if let Some(data) = frame.data_ref() {
            length += data.len();
            if length > BODY_MAX {
                return Err((Failure::TooLarge, format!("a body of more than {BODY_MAX} bytes")));
            }
            if check {
                content.see(data);
            }
        }
    }
    Ok(Answer { status, empty: check && content.is_nothing() })
}

fn failed(error: &hyper::Error) -> Failed {
    let kind = if error.is_parse() { Failure::Protocol } else { Failure::Closed };
    let cause = std::error::Error::source(error);
    (kind, cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
}

/// The beginning of a JSON text without its white space: enough to know whether it holds anything.
#[derive(Debug, Default)]
struct Content {
    beginning: Vec<u8>,
}

// === impl Content ===

impl Content {
    /// One more than the longest text that holds nothing, `null`.
    const BEGINNING: usize = 5;

    fn see(&mut self, data: &[u8]) {
        let missing = Self::BEGINNING.saturating_sub(self.beginning.len());
        let visible = data.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
        self.beginning.extend(visible.take(missing));
    }

    fn is_nothing(&self) -> bool {
        [b"" as &[u8], b"[]", b"{}", b"null", b"\"\""].contains(&self.beginning.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::load::{Shape, StreamSpec};

    #[test]
    fn json_that_holds_nothing_is_told_from_json_that_holds_something() {
        let nothing = |chunks: &[&str]| {
            let mut content = Content::default();
            for chunk in chunks {
                content.see(chunk.as_bytes());
            }
            content.is_nothing()
        };
        for chunks in [&[] as &[&str], &["[]"], &["[", "\n ]\n"], &["nu", "ll"], &["{ }"]] {
            assert!(nothing(chunks), "{chunks:?}");
        }
        for chunks in [&["[0]"] as &[&str], &["[", "{}", "]"], &["nullable"], &["[]", "x"]] {
            assert!(!nothing(chunks), "{chunks:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_times_out_when_it_says_and_takes_its_connection_along() {
        let peers = Arc::new(Mutex::new(Vec::new()));
        let opened = Arc::clone(&peers);
        // Whoever is called never answers.
        let dialer: Dialer = Arc::new(move |_, _| {
            let (near, far) = tokio::io::duplex(4_096);
            opened.lock().expect("nobody panics with it").push(far);
            Box::pin(async move { Ok(Box::pin(near) as Pin<Box<dyn Stream>>) })
        });
        let shape = Shape::Closed { concurrency: 1, requests: None };
        let spec =
            StreamSpec { timeout_ms: 200, ..StreamSpec::get("portal", "http://cart:80/", shape) };
        let mut sender = Sender::new(Arc::new(spec.target().expect("a target")), dialer);
        for connections in 1..=2 {
            let began = tokio::time::Instant::now();
            let (failure, why) = sender.exchange(0).await.expect_err("no answer");
            assert_eq!((failure, began.elapsed().as_millis()), (Failure::Timeout, 200), "{why}");
            assert_eq!(peers.lock().expect("nobody panics with it").len(), connections);
        }
    }
}
