//! Where Istio itself is found, to be asked: its Go module and its `istioctl`. Both are an
//! engineer's own; where they are not, what asks them is skipped, and says so.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder of the Go module `istio.io/istio`: `ISTIO_MODULE`, or the one that came
/// last into Go's cache.
pub(crate) fn module() -> Option<PathBuf> {
    if let Some(path) = env::var_os("ISTIO_MODULE") {
        return Some(path.into());
    }
    let cache = env::var_os("GOMODCACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(home()?.join("go/pkg/mod")))?;
    let entries = fs::read_dir(cache.join("istio.io")).ok()?.flatten().map(|entry| entry.path());
    let is_istio = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("istio@"))
    };
    // Versions are not in the order of their names.
    let since = |path: &PathBuf| fs::metadata(path).and_then(|found| found.modified()).ok();
    entries.filter(is_istio).max_by_key(since)
}

/// The program: `ISTIOCTL`, or one on the `PATH`, or the rig's.
pub(crate) fn istioctl() -> Option<PathBuf> {
    if let Some(path) = env::var_os("ISTIOCTL") {
        return Some(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all = env::split_paths(&path).map(|folder| folder.join("istioctl"));
    let rig = || home().map(|home| home.join(".cache/rig/bin/istioctl"));
    all.find(|path| path.is_file()).or_else(|| rig().filter(|path| path.is_file()))
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from)
}

/// Says, past the capture of tests' output, that something was not compared.
pub(crate) fn skipped(what: &str) {
    let said = format!(
        "SKIPPED: {what}: no Istio to ask (ISTIO_MODULE or Go's module cache; ISTIOCTL or PATH)\n"
    );
    let _ = std::io::stderr().write_all(said.as_bytes());
}

/// The files below a folder that end in one of these, in order.
pub(crate) fn files_below(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path())
        {
            let end = path.extension().map(|end| end.to_string_lossy().into_owned());
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if end.is_some_and(|end| ends.contains(&end.as_str())) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
