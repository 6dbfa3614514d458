//! What the kubelet can run: an image is a name and a task that stands in for the real container.
//! The demo's images are in `demo`; others are handed in when the mesh is made.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::{BoxFuture, LocalBoxFuture};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A byte stream to a peer: TCP, or a Unix socket into the pod's own sidecar.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a container opens a connection to `host:port`, where `host` is a name as the pod's DNS would
/// resolve it (`travels.travel-agency`). The answer is an error of kind `NotFound` for a name that
/// is no service's, as a resolver would say.
pub type Dial =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Pin<Box<dyn Stream>>>> + Send + Sync>;

/// Appends lines to the container's log, which `kubectl logs` shows; bounded, oldest lines go.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// A container as its image finds it when it starts.
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Its environment; secrets and config maps are resolved.
    pub env: BTreeMap<String, String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// A bound listener for each containerPort.
    pub listeners: BTreeMap<u16, TcpListener>,
    /// The way out, through the sidecar if there is one.
    pub dial: Dial,
    /// Its log.
    pub log: Log,
    /// Cancelled when the pod is to stop.
    pub stop: CancellationToken,
}

/// The stand-in for a container image.
pub trait Image: Send + Sync {
    /// Runs until `container.stop` is cancelled; an early end is a crash, and `Err` says why. It
    /// has a thread and a runtime of its own.
    fn run(&self, container: Container) -> LocalBoxFuture<'static, Result<(), String>>;
}

/// Images by repository name without tag, e.g. `quay.io/kiali/demo_travels_hotels`.
pub type Images = BTreeMap<String, Arc<dyn Image>>;
