//! Envoy as a process: found or fetched, started so that it dies with its parent, asked about
//! itself through its admin socket.

use std::path::PathBuf;

use super::image::Log;
use crate::error::Result;

/// What a sidecar is started with.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The Envoy binary.
    pub binary: PathBuf,
    /// The program that ties Envoy's life to ours and then becomes it: this binary itself, called
    /// as `faultless envoy-shim <parent pid> -- <envoy> <args…>`.
    pub shim: PathBuf,
    /// The pod's own folder; Envoy's working directory. xDS files and sockets live in it.
    pub dir: PathBuf,
    /// Node id: `sidecar~<ip>~<pod>.<namespace>~<namespace>.svc.cluster.local`.
    pub node: String,
}

/// A running Envoy.
#[derive(Debug)]
pub struct Envoy {}

// === impl Envoy ===

impl Envoy {
    /// Writes the bootstrap and starts the process; its log lines go to `log`. The xDS files must
    /// be there already.
    #[expect(clippy::unused_async, reason = "filled in by the implementation")]
    pub async fn spawn(_spec: Spec, _log: Log) -> Result<Self> {
        Ok(Self {})
    }

    /// Waits until the admin socket says `LIVE` and all listeners are up; an error when the
    /// process ends before, or after a bound.
    #[expect(clippy::unused_async, reason = "filled in by the implementation")]
    pub async fn ready(&mut self) -> Result<()> {
        Ok(())
    }

    /// Waits until the process ends by itself; says how (exit code or signal).
    pub async fn ended(&mut self) -> String {
        std::future::pending().await
    }

    /// Ends the process and waits for its end.
    #[expect(clippy::unused_async, reason = "filled in by the implementation")]
    pub async fn stop(self) {}
}
