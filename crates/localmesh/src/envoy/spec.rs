//! What a sidecar is started with: its folder with the bootstrap in it, and its command line.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::{bootstrap, shim};

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

// === impl Spec ===

impl Spec {
    /// Makes its folder and writes the bootstrap.
    pub(super) async fn prepare(&self) -> io::Result<()> {
        tokio::fs::create_dir_all(self.dir.join("out")).await?;
        let config = bootstrap::config(&self.dir, &self.xds, &self.node).to_string();
        tokio::fs::write(self.dir.join(bootstrap::FILE), config).await
    }

    /// The command that becomes it.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.shim);
        command
            .arg(shim::NAME)
            .arg(std::process::id().to_string())
            .arg("--")
            .arg(&self.binary)
            .args(bootstrap::args(&self.dir))
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C on a terminal goes to the whole process group; the runner, not the terminal,
            // decides when the sidecars end.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}
