//! One forwarded connection on its way: what comes from the pod becomes frames of its two streams.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, DuplexStream, ReadHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::relay::{BUFFER, relay};
use super::pairs::Pair;
use super::reply::Reply;
use crate::network::PodNet;

/// One forwarded connection.
pub(super) struct Forward {
    pub(super) pod: Arc<PodNet>,
    pub(super) port: u16,
    pub(super) pair: Pair,
    pub(super) send: mpsc::Sender<Reply>,
    /// The client wants no more of it.
    pub(super) reset: CancellationToken,
}

// === impl Forward ===

impl Forward {
    /// Runs until both sides are done. The stream for errors ends in any case: clients wait for it.
    pub(super) async fn run(self, reader: ReadHalf<DuplexStream>, far: DuplexStream) {
        let both = async { tokio::join!(relay(far, &self.pod, self.port), self.tell(reader)).0 };
        let outcome = tokio::select! {
            // First what has happened: a client resets what it was told the end of.
            biased;
            outcome = both => outcome,
            () = self.reset.cancelled() => Ok(()),
        };
        if let Err(words) = outcome {
            let words = Bytes::from(words);
            let error = Reply::Data { stream: self.pair.error, last: false, bytes: words };
            let _ = self.send.send(error).await;
        }
        let _ = self.send.send(Reply::end(self.pair.error)).await;
    }

    /// Sends what comes from the pod, and its end.
    async fn tell(&self, mut reader: ReadHalf<DuplexStream>) {
        let stream = self.pair.data;
        let mut buffer = vec![0; BUFFER];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            let bytes = Bytes::copy_from_slice(&buffer[..length]);
            if self.send.send(Reply::Data { stream, last: false, bytes }).await.is_err() {
                return;
            }
        }
        let _ = self.send.send(Reply::end(stream)).await;
    }
}
