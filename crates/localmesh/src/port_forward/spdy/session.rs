//! One SPDY connection: the client opens two streams for each connection that it wants, and we make
//! it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf,
    WriteHalf, duplex, split,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::lifetime::Lifetime;
use super::super::relay::BUFFER;
use super::frame::{Frame, HEAD, Head};
use super::headers::{Pack, Unpack};
use super::pairs::{Pairs, Purpose, Request};
use super::reply::{PROTOCOL_ERROR, REFUSED_STREAM, Reply};
use super::stream::Forward;

/// Connections at once, and streams that wait for their other one: a browser opens six.
const STREAMS_MAX: usize = 256;

/// Frames that wait to be sent; the streams wait when there are more.
const FRAMES_MAX: usize = 16;

/// A client sends a ping every few seconds; one that has not for so long is gone. A real kubelet
/// cuts idle connections after the same time.
const IDLE_MAX: Duration = Duration::from_hours(4);

/// How long bytes for a stream may wait for its application. All streams share the connection, so
/// one whose application reads nothing must not hold up the others for ever.
const STUCK_MAX: Duration = Duration::from_secs(30);

/// Serves a connection until the client leaves, says what makes no sense, or the pod has ended.
pub(crate) async fn serve<S>(io: S, life: Lifetime)
where
    S: AsyncRead + AsyncWrite,
{
    let (reader, writer) = split(io);
    let (send, frames) = mpsc::channel(FRAMES_MAX);
    let mut session = Session {
        life: life.clone(),
        unpack: Unpack::new(),
        send,
        pairs: Pairs::default(),
        streams: BTreeMap::new(),
        tasks: JoinSet::new(),
    };
    tokio::select! {
        ended = session.listen(reader) => {
            if let Err(why) = ended {
                tracing::debug!("a port-forward's client cannot be understood: {why}");
            }
        }
        () = answer(writer, frames) => {}
        () = life.ended() => {}
    }
    session.tasks.shutdown().await;
}

/// Sends frames until the client takes no more.
async fn answer<S: AsyncWrite>(mut writer: WriteHalf<S>, mut frames: mpsc::Receiver<Reply>) {
    let mut pack = Pack::new();
    while let Some(frame) = frames.recv().await {
        let sent = writer.write_all(&frame.encode(&mut pack)).await;
        if sent.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}

struct Session {
    life: Lifetime,
    unpack: Unpack,
    send: mpsc::Sender<Reply>,
    pairs: Pairs,
    /// The streams for data.
    streams: BTreeMap<u32, Stream>,
    tasks: JoinSet<()>,
}

/// A stream for data, as the client fills it.
struct Stream {
    /// Until the client has said its last.
    writer: Option<WriteHalf<DuplexStream>>,
    /// The other ends, until its connection is made.
    ends: Option<(ReadHalf<DuplexStream>, DuplexStream)>,
    reset: CancellationToken,
}

// === impl Session ===

impl Session {
    /// Hears the client out.
    async fn listen<S: AsyncRead>(&mut self, mut reader: ReadHalf<S>) -> Result<(), &'static str> {
        // A client that leaves may do so in the middle of a frame: that is no news.
        while let Ok(Some((head, payload))) = timeout(IDLE_MAX, read(&mut reader)).await {
            match head.frame(payload?)? {
                Frame::Open { stream, headers } => {
                    let headers = self.unpack.headers(&headers)?;
                    self.open(stream, Request::parse(stream, &headers)).await;
                }
                Frame::Data { stream, last, bytes } => self.data(stream, last, &bytes).await,
                Frame::Reset { stream } => self.forget(stream),
                Frame::Ping(id) => self.say(Reply::Ping(id)).await,
                Frame::Headers(block) => drop(self.unpack.headers(&block)?),
                Frame::Other => {}
            }
        }
        Ok(())
    }

    async fn say(&self, frame: Reply) {
        // Who sends has ended where this fails, and so the whole connection.
        let _ = self.send.send(frame).await;
    }

    async fn open(&mut self, stream: u32, request: Option<Request>) {
        while self.tasks.try_join_next().is_some() {}
        self.streams.retain(|_, stream| !stream.reset.is_cancelled());
        let full = self.streams.len().max(self.tasks.len()) + self.pairs.len() >= STREAMS_MAX;
        let (Some(request), false) = (&request, full) else {
            let why = if full { REFUSED_STREAM } else { PROTOCOL_ERROR };
            return self.say(Reply::Reset { stream, why }).await;
        };
        let Ok(pair) = self.pairs.add(stream, request) else {
            return self.say(Reply::Reset { stream, why: PROTOCOL_ERROR }).await;
        };
        self.say(Reply::Open { stream }).await;
        if request.purpose == Purpose::Data {
            let (near, far) = duplex(BUFFER);
            let (reader, writer) = split(near);
            let (writer, ends) = (Some(writer), Some((reader, far)));
            let reset = CancellationToken::new();
            self.streams.insert(stream, Stream { writer, ends, reset });
        }
        let Some(pair) = pair else { return };
        let Some(open) = self.streams.get_mut(&pair.data) else { return };
        let Some((reader, far)) = open.ends.take() else { return };
        let (send, reset) = (self.send.clone(), open.reset.clone());
        let (pod, port) = (Arc::clone(&self.life.pod), request.port);
        let guard = reset.clone().drop_guard();
        let forward = Forward { pod, port, pair, send, reset };
        self.tasks.spawn(async move {
            forward.run(reader, far).await;
            drop(guard);
        });
    }

    async fn data(&mut self, stream: u32, last: bool, bytes: &Bytes) {
        let Some(open) = self.streams.get_mut(&stream) else { return };
        if let Some(writer) = &mut open.writer {
            // A connection that has ended takes nothing any more.
            let written = timeout(STUCK_MAX, writer.write_all(bytes)).await;
            if written.is_err() {
                self.forget(stream);
                return self.say(Reply::Reset { stream, why: PROTOCOL_ERROR }).await;
            }
            if last && let Some(mut writer) = open.writer.take() {
                let _ = writer.shutdown().await;
            }
        }
    }

    fn forget(&mut self, stream: u32) {
        self.pairs.forget(stream);
        if let Some(stream) = self.streams.remove(&stream) {
            stream.reset.cancel();
        }
    }
}

/// The next frame, or nothing at the connection's end.
async fn read<S: AsyncRead>(
    reader: &mut ReadHalf<S>,
) -> Option<(Head, Result<Bytes, &'static str>)> {
    let mut head = [0; HEAD];
    reader.read_exact(&mut head).await.ok()?;
    let head = Head::new(head);
    let length = match head.length() {
        Ok(length) => length,
        Err(why) => return Some((head, Err(why))),
    };
    let mut payload = vec![0; length];
    reader.read_exact(&mut payload).await.ok()?;
    Some((head, Ok(Bytes::from(payload))))
}
