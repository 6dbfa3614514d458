//! Port-forwarding over Kubernetes' channels in a WebSocket (`v4.channel.k8s.io`), as the `kube`
//! crate speaks it and the kubelet serves it: one connection to each port, until all have ended.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf,
    WriteHalf, duplex, split,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::channel::{Heard, data, error, greetings, heard};
use super::lifetime::Lifetime;
use super::relay::{BUFFER, relay};
use super::websocket::{FAREWELL_MAX, IDLE_MAX, farewell, websocket};
use crate::network::PodNet;

/// Messages that wait to be sent; the ports wait when there are more.
const MESSAGES_MAX: usize = 16;

/// Forwards these ports over a connection that became a WebSocket, until the client leaves, all
/// ports have ended, or the pod.
pub(crate) async fn serve_channels<S>(io: S, life: Lifetime, ports: Vec<u16>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sink, mut stream) = websocket(io).await.split();
    let (send, messages) = mpsc::channel(MESSAGES_MAX);
    let (mut tasks, mut writers) = (JoinSet::new(), Vec::new());
    for (index, port) in ports.into_iter().enumerate() {
        let (near, far) = duplex(BUFFER);
        let (reader, writer) = split(near);
        writers.push(writer);
        let forward = Forward { pod: Arc::clone(&life.pod), index, port, send: send.clone() };
        tasks.spawn(forward.run(reader, far));
    }
    drop(send);
    tokio::select! {
        () = answer(sink, messages, &life) => {
            // Read to its end, so that the kernel does not throw away what was sent last.
            let rest = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = timeout(FAREWELL_MAX, rest).await;
        }
        () = listen(&mut stream, writers) => {}
    }
    tasks.shutdown().await;
}

/// One forwarded port.
struct Forward {
    pod: Arc<PodNet>,
    index: usize,
    port: u16,
    send: mpsc::Sender<Bytes>,
}

// === impl Forward ===

impl Forward {
    async fn run(self, reader: ReadHalf<DuplexStream>, far: DuplexStream) {
        for greeting in greetings(self.index, self.port) {
            let _ = self.send.send(greeting).await;
        }
        let (outcome, ()) = tokio::join!(relay(far, &self.pod, self.port), self.tell(reader));
        if let Err(words) = outcome {
            let _ = self.send.send(error(self.index, words.as_bytes())).await;
        }
    }

    /// Sends what comes from the pod.
    async fn tell(&self, mut reader: ReadHalf<DuplexStream>) {
        let mut buffer = vec![0; BUFFER];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            if self.send.send(data(self.index, &buffer[..length])).await.is_err() {
                return;
            }
        }
    }
}

/// Sends messages until there are no more, or the pod has ended, and says farewell.
async fn answer<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut messages: mpsc::Receiver<Bytes>,
    life: &Lifetime,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let ended = life.ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            message = messages.recv() => {
                let Some(message) = message else { break };
                if sink.send(Message::Binary(message)).await.is_err() {
                    return;
                }
            }
            () = &mut ended => break,
        }
    }
    let _ = timeout(FAREWELL_MAX, sink.send(farewell())).await;
}

/// Takes the client's bytes to its ports, until it leaves or sends what makes no sense.
async fn listen<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    mut writers: Vec<WriteHalf<DuplexStream>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Ok(Some(Ok(message))) = timeout(IDLE_MAX, stream.next()).await {
        let Message::Binary(bytes) = message else { continue };
        match heard(bytes, writers.len()) {
            Heard::Data(index, bytes) => {
                // A port that has ended takes nothing any more; the others go on.
                let _ = writers[index].write_all(&bytes).await;
            }
            Heard::Nothing => {}
            Heard::Unknown(channel) => {
                tracing::debug!(channel, "a port-forward's client names a channel without port");
                return;
            }
        }
    }
}
