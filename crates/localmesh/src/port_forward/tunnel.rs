//! SPDY inside a WebSocket, as today's `kubectl` has it: the messages' bytes are SPDY's stream.

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, duplex, split};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::lifetime::Lifetime;
use super::relay::BUFFER;
use super::spdy;
use super::websocket::{FAREWELL_MAX, IDLE_MAX, farewell, websocket};

/// Serves SPDY over a connection that became a WebSocket.
pub(crate) async fn serve_tunnel<S>(io: S, life: Lifetime)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sink, mut stream) = websocket(io).await.split();
    let (near, far) = duplex(BUFFER);
    let (mut from_session, mut to_session) = split(near);
    let up = async {
        while let Ok(Some(Ok(message))) = timeout(IDLE_MAX, stream.next()).await {
            // After the session's end only the client's farewell is waited for.
            if let Message::Binary(bytes) = message {
                let _ = to_session.write_all(&bytes).await;
            }
        }
        let _ = to_session.shutdown().await;
    };
    let down = async {
        let mut buffer = vec![0; BUFFER];
        while let Ok(length @ 1..) = from_session.read(&mut buffer).await {
            let message = Message::binary(buffer[..length].to_vec());
            if sink.send(message).await.is_err() {
                return;
            }
        }
        let _ = timeout(FAREWELL_MAX, sink.send(farewell())).await;
    };
    let session = async { tokio::join!(spdy::serve(far, life), down) };
    tokio::pin!(up, session);
    tokio::select! {
        () = &mut up => { let _ = timeout(FAREWELL_MAX, session).await; }
        _ = &mut session => { let _ = timeout(FAREWELL_MAX, up).await; }
    }
}
