//! Bytes between a client and a port inside a pod, both ways.

use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, DuplexStream, copy, split};
use tokio::time::timeout;

use super::destination::connect;
use crate::network::PodNet;

/// Bytes that wait on each side of a connection; who sends more waits. A few of the messages in
/// which clients send.
pub(super) const BUFFER: usize = 64 * 1024;

/// How long the client may go on after the application has closed: nobody reads it any more, and
/// containerd gives it the same.
const REST_MAX: Duration = Duration::from_secs(1);

/// How long the application may go on after the client has said its last word: it is still
/// answering. containerd gives it a second, which a busy machine may need for nothing.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Connects the client to a port of the pod until both are done, or one is and the other does not
/// end; the error is in the kubelet's words.
pub(super) async fn relay(client: DuplexStream, pod: &PodNet, port: u16) -> Result<(), String> {
    let (mut from_pod, mut to_pod) = split(connect(pod, port).await?);
    let (mut from_client, mut to_client) = split(client);
    let up = async {
        // What a side does to its connection ends this direction, and is no error of ours.
        let _ = copy(&mut from_client, &mut to_pod).await;
        let _ = to_pod.shutdown().await;
    };
    let down = async {
        let _ = copy(&mut from_pod, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut up => { let _ = timeout(ANSWER_MAX, down).await; }
        () = &mut down => { let _ = timeout(REST_MAX, up).await; }
    }
    Ok(())
}
