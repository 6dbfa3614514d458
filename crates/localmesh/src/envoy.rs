//! Envoy as a process: found or fetched, started so that it dies with its parent, asked about
//! itself through its admin socket.
//!
//! `fetch` finds or downloads the binary; `shim` is what the child is before it becomes Envoy;
//! `bootstrap` is its configuration (pure); `process` starts and ends it; `admin` asks it; `lines`
//! reads its log in bounded pieces.

pub mod admin;
pub mod bootstrap;
pub mod fetch;
mod lines;
mod process;
pub mod shim;

use std::path::PathBuf;

pub use process::Envoy;

/// What a sidecar is started with.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The Envoy binary.
    pub binary: PathBuf,
    /// The program that ties Envoy's life to ours and then becomes it: this binary itself, called
    /// as `faultless envoy-shim <parent pid> -- <envoy> <args…>`.
    pub shim: PathBuf,
    /// The pod's own folder; Envoy's working directory. Its sockets live in it.
    pub dir: PathBuf,
    /// The control plane's socket.
    pub xds: PathBuf,
    /// Node id: `sidecar~<ip>~<pod>.<namespace>~<namespace>.svc.cluster.local`.
    pub node: String,
}
