//! Whose run a journal is about, and on which machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whose run it is and how its cluster is reached: enough to finish it without its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The run's id.
    pub run: String,
    /// What reports call the cluster.
    pub target: String,
    /// Whether that is a mesh of the run's own process, which ended with it.
    pub own_mesh: bool,
    /// The kubeconfig's context.
    pub context: String,
    /// The kubeconfig; the usual one if it is not named.
    pub kubeconfig: Option<PathBuf>,
    /// The application's namespaces; the Lease is in the first.
    pub namespaces: Vec<String>,
    /// The machine it ran on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When it began, RFC 3339.
    pub begun: String,
}

// === impl Header ===

impl Header {
    /// Of a journal whose first record was torn.
    pub(crate) fn unknown() -> Self {
        Self {
            run: String::new(),
            target: "unknown".to_owned(),
            own_mesh: true,
            context: String::new(),
            kubeconfig: None,
            namespaces: Vec::new(),
            host: String::new(),
            pid: 0,
            begun: String::new(),
        }
    }
}

/// This machine's name.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.map(|name| name.trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "an unnamed machine".to_owned() } else { name }
}
