//! The server's side of a WebSocket, and its bounds.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// The largest message: clients send what they have read at once, some kilobytes.
const MESSAGE_MAX: usize = 1 << 20;

/// A client that has not sent anything for so long is gone; a real kubelet cuts idle streams after
/// the same time.
pub(super) const IDLE_MAX: Duration = Duration::from_hours(4);

/// How long a client may take to say its farewell.
pub(super) const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// The last message. Go's client takes one without a code for an error.
pub(super) fn farewell() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() }))
}

/// The WebSocket of a connection on which the handshake is done.
pub(super) async fn websocket<S>(io: S) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await
}
